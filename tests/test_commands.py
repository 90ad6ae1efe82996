"""python -m pipeline: which commands there are, and whose code they run."""

import ast
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import __main__ as commands

ROOT = Path(__file__).parents[1]


def has_command(path: Path) -> bool:
    body = ast.parse(path.read_text(encoding="utf-8")).body
    return any(isinstance(node, ast.FunctionDef) and node.name == "command" for node in body)


def test_every_module_with_a_command_is_listed_and_no_other(monkeypatch, capsys):
    modules = {path.stem for path in (ROOT / "pipeline").glob("*.py") if has_command(path)}
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


def test_help_of_a_command_is_its_own(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["pipeline", "config", "--help"])
    with pytest.raises(SystemExit) as ended:
        commands.main()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: python -m pipeline config [-h] [path]\n")


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
    command = [sys.executable, "../pipeline", "train", "--help"]
    scale = copy / "lecture"
    subprocess.run(command, cwd=scale, env=environment, capture_output=True, check=True)
    compiled = {path.relative_to(copy) for path in copy.rglob("__pycache__")}
    assert compiled <= {Path("pipeline/__pycache__")}  # of pipeline itself: no dependency
