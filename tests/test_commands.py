"""python -m pipeline: which commands there are, and whose code they run."""

import ast
import os
import re
import shutil
import subprocess
import sys
from importlib import import_module
from inspect import signature
from pathlib import Path

import pytest

from pipeline import __main__ as commands

ROOT = Path(__file__).parents[1]


def has_main(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in body)


def test_every_module_with_a_command_is_listed_and_no_other(monkeypatch, capsys):
    modules = {path.stem for path in (ROOT / "pipeline").glob("[!_]*.py") if has_main(path)}
    assert set(commands.COMMANDS) == modules
    monkeypatch.setattr("sys.argv", ["pipeline", "--help"])
    with pytest.raises(SystemExit):
        commands.main()
    told = capsys.readouterr().out
    assert all(f"\n{name} " in told for name in modules)


def test_an_unknown_command_is_refused_and_the_right_ones_are_told(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["pipeline", "trian", "run"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == 2
    assert "invalid choice: 'trian' (choose from 'download'" in capsys.readouterr().err


def test_every_task_has_its_command_there_too(monkeypatch, capsys):
    for name, module in (
        ("translate", "translation.command"),
        ("compose", "music.command"),
        ("fill", "classification.fill_command"),
    ):
        monkeypatch.setattr("sys.argv", ["pipeline", name, "--help"])
        with pytest.raises(SystemExit) as ended:
            commands.main()
        told = capsys.readouterr().out
        assert ended.value.code == 0 and told.startswith(f"usage: {name} [-h]")
        assert import_module(f"pipeline.tasks.{module}").__doc__.strip() in told
    monkeypatch.setattr("sys.argv", ["pipeline", "--help"])
    with pytest.raises(SystemExit):
        commands.main()
    assert re.search("^paint +sample images: of a class, or", capsys.readouterr().out, re.MULTILINE)


@pytest.mark.parametrize("name", commands.COMMANDS)
def test_help_of_a_command_is_its_own_and_imports_nothing_of_the_pipeline(name):
    """So that it comes at once: torch alone takes a second to import."""
    program = f"""
import atexit, runpy, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
sys.argv[1:] = ["{name}", "--help"]
runpy.run_module("pipeline", run_name="__main__")
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    module = import_module(f"pipeline.{name}")
    assert ran.stdout.startswith(f"usage: python -m pipeline {name} [-h]")
    assert module.__doc__.strip() in ran.stdout
    imported = ran.stderr.split()
    assert {"argparse", "pipeline"}.issubset(imported)
    assert not {"torch", "numpy", "pydantic", f"pipeline.{name}"}.intersection(imported)


def test_the_arguments_of_a_command_are_those_of_its_function():
    for name, command in commands.COMMANDS.items():
        parameters = signature(import_module(f"pipeline.{name}").main).parameters
        given = {argument["dest"] for argument in command.arguments}
        assert len(parameters) == len(given) + (command.item is not None), name


@pytest.fixture
def copy(tmp_path) -> Path:
    """A copy of the code that tells that it is one."""
    for name in ("models", "pipeline"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    config = tmp_path / "pipeline/config.py"
    config.write_text(config.read_text().replace("nothing wrong", "a copy says: nothing wrong"))
    (tmp_path / "lecture").mkdir()
    shutil.copy(ROOT / "params.yaml", tmp_path / "lecture")
    return tmp_path


def test_a_folder_runs_its_own_code_whichever_is_installed(copy):
    """As dvc.yaml starts it in a scale's folder, in a copy of the repository too."""
    scale = copy / "lecture"
    told = subprocess.check_output([sys.executable, "../pipeline", "config"], cwd=scale, text=True)
    assert told.startswith("params.yaml: a copy says: nothing wrong")


def test_a_folder_leaves_no_compiled_modules_among_the_dependencies(copy):
    """In lecture/ and paper/ no .dvcignore hides them, and dvc would take them for changes."""
    environment = {**os.environ}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)
    command = [sys.executable, "../pipeline", "migrate", "missing", "new"]
    scale = copy / "lecture"
    ran = subprocess.run(command, cwd=scale, env=environment, capture_output=True, text=True)
    assert ran.stderr.startswith("error: missing: not a model of an earlier version")
    compiled = {path.relative_to(copy) for path in copy.rglob("__pycache__")}
    assert compiled <= {Path("pipeline/__pycache__")}  # of pipeline itself: no dependency
