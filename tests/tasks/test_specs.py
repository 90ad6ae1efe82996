"""Tasks are known by their specs alone, and one more is a folder and nothing else."""

import ast
import inspect
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import get_args

import pytest
from ruamel.yaml import YAML

from pipeline.config import Params
from pipeline.files import read_json, write_json
from pipeline.measures import Measures
from pipeline.publishing.publication import Publication
from pipeline.reporting.section import TaskPage
from pipeline.tasks import part, specs
from tests.reporting.scale import ROOT

CODE = ROOT / "pipeline"
TASKS = CODE / "tasks"


def test_the_tasks_are_the_folders_in_the_order_of_the_lecture():
    assert list(specs()) == ["translation", "image", "music", "molecules", "classification"]
    assert {path.name for path in TASKS.iterdir() if path.is_dir()} - {"__pycache__"} == set(
        specs()
    )


@pytest.mark.parametrize("name", specs())
def test_a_task_is_called_the_same_in_its_spec_its_folder_and_its_settings(name):
    spec = specs()[name]
    assert spec.name == name
    for settings in (spec.dataset, spec.run, *spec.demonstrations):
        assert get_args(settings.model_fields["task"].annotation) == (name,)


FUNCTIONS = {
    "encoding.encode": "encode",
    "batches": "Batches",
    "decoding.decode": "decode",
    "metrics.evaluate": "evaluate",
    "measures": "measures",
    "command": "main",
    "own": "own_data",
}
OBJECTS = {
    "measures": ("MEASURES", Measures),
    "reporting.page": ("PAGE", TaskPage),
    "publishing": ("PUBLICATION", Publication),
}


@pytest.mark.parametrize("name", specs())
def test_a_task_has_the_parts_that_others_ask_for(name):
    for path, function in FUNCTIONS.items():
        assert callable(getattr(part(name, path), function)), path
    for path, (constant, kind) in OBJECTS.items():
        assert isinstance(getattr(part(name, path), constant), kind), path
    templates = part(name, "reporting.page").PAGE.templates
    assert {"intro.html", "section.html"} <= {path.name for path in templates.iterdir()}


@pytest.mark.parametrize("path", FUNCTIONS)
def test_the_parts_of_all_tasks_are_called_alike(path):
    functions = {name: getattr(part(name, path), FUNCTIONS[path]) for name in specs()}
    counts = {name: len(inspect.signature(each).parameters) for name, each in functions.items()}
    assert len(set(counts.values())) == 1, counts


def outside() -> Iterator[Path]:
    """The modules that belong to no task."""
    folders = [TASKS / name for name in specs()]
    for path in sorted(CODE.rglob("*.py")):
        if not any(map(path.is_relative_to, folders)):
            yield path


def named_in(path: Path) -> list[str]:
    """Where a module imports from a task's folder, or has its name or its settings' as a value."""
    classes = {each.__name__ for spec in specs().values() for each in (spec.run, spec.dataset)}
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        match node:
            case ast.Import(names=names):
                named = any(is_of_task(each.name) for each in names)
            case ast.ImportFrom(module=module, names=names):
                named = any(is_of_task(f"{module}.{each.name}") for each in names)
            case ast.Constant(value=str(value)):
                named = value in specs()
            case ast.Name(id=name) | ast.Attribute(attr=name):
                named = name in classes
            case _:
                continue
        if named:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
    return found


def is_of_task(module: str) -> bool:
    return any(f"{module}.".startswith(f"pipeline.tasks.{name}.") for name in specs())


def test_no_task_is_named_outside_its_folder():
    named = {str(path.relative_to(CODE)): named_in(path) for path in outside()}

    assert {path: lines for path, lines in named.items() if lines} == {}


def test_no_task_is_named_in_the_templates_of_all():
    texts = {
        path.name: path.read_text(encoding="utf-8")
        for folder in ("reporting", "publishing")
        for path in (CODE / folder / "templates").iterdir()
    }
    of_task = re.compile(rf"""["'/#]({"|".join(specs())})["'/]""")
    assert [name for name, text in texts.items() if of_task.search(text)] == []


def test_no_task_is_named_in_the_graph():
    text = (ROOT / "dvc.yaml").read_text(encoding="utf-8")
    assert not re.search(rf"tasks/({'|'.join(specs())})\b", text)


# -------------------------------------------------------------------------------- a sixth task

NEW = "humming"
PROGRAM = """
from pipeline import config, publish, report, summary
summary.main()
report.main()
publish.main()
"""


@pytest.fixture
def code(tmp_path: Path) -> Path:
    """The code with one more task: a copy of music's folder under another name."""
    folder = tmp_path / "code"
    for name in ("pipeline", "models"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "CITATION.cff", folder)
    (folder / "reports").mkdir()
    for name in ("benchmarks.json", "faults.json", "machines.json", "rates.json"):
        shutil.copy(ROOT / "reports" / name, folder / "reports")
    new = folder / "pipeline" / "tasks" / NEW
    shutil.copytree(folder / "pipeline" / "tasks" / "music", new)
    for path in new.rglob("*.*"):
        text = path.read_text(encoding="utf-8")
        path.write_text(re.sub(r"\bmusic\b", NEW, text), encoding="utf-8")
    spec = new / "spec.py"
    text = spec.read_text(encoding="utf-8").replace('title="Music"', 'title="Hummed"')
    spec.write_text(text.replace("order=3", "order=0"), encoding="utf-8")
    return folder


def add_run(scale: Params) -> None:
    """Give the scale in the current folder a run of the new task, as if it had been measured."""
    yaml = YAML()
    raw = yaml.load(Path("params.yaml"))
    raw["datasets"]["hums"] = raw["datasets"]["chorales"] | {"task": NEW}
    raw["runs"]["hum"] = raw["runs"]["music_relative"] | {"task": NEW, "dataset": "hums"}
    yaml.dump(raw, Path("params.yaml"))
    shutil.copytree("runs/music_relative", "runs/hum")
    shutil.copy("reports/curves/music_relative.csv", "reports/curves/hum.csv")
    shutil.copy("reports/data/chorales.json", "reports/data/hums.json")
    metrics = read_json(Path("reports/measurements/music_relative.json"))
    write_json(
        Path("reports/measurements/hum.json"), {NEW: metrics["music"], "model": metrics["model"]}
    )


def test_one_more_task_is_a_folder(scale: Params, code: Path):
    add_run(scale)
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={"PYTHONPATH": str(code), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
    )
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout.splitlines()[2].startswith(f"{NEW} on hums, test: 58 pieces")
    page = Path("reports/index.html").read_text(encoding="utf-8")
    sections = re.findall(r'<section id="(\w+)"', page)
    tasks = [NEW, *specs()]
    assert [section for section in sections if section in tasks] == tasks
    section = page[page.index(f'<section id="{NEW}"') :].partition("</section>")[0]
    assert f'<h2 id="{NEW}-title">Hummed</h2>' in section
    for shown in ("Test loss by position", "<audio", "What did the papers report?"):
        assert shown in section
    assert Path("public/samples/hum/from_nothing_0.mp3").exists()
    card = Path("public/models/hum/README.md").read_text(encoding="utf-8")
    assert "its task `humming`" in card and "compose --run hum" in card
