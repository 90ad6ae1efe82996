"""The package: what a wheel of it holds; and that the code of this checkout is installed here."""

import email
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.metadata import entry_points
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGES = ("models", "pipeline")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    folder = tmp_path_factory.mktemp("copy")
    for name in PACKAGES:
        unwanted = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
    for name in ("pyproject.toml", "requirements.in", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, folder)
    (folder / "tests").mkdir()
    (folder / "tests" / "test_something.py").touch()
    program = "from setuptools import build_meta; build_meta.build_wheel('dist')"
    subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, check=True)
    (path,) = (folder / "dist").iterdir()
    return zipfile.ZipFile(path)


def test_a_wheel_has_every_file_of_the_code_and_no_other(wheel):
    """Templates, style sheets and scripts too."""
    files = {
        path.relative_to(ROOT).as_posix()
        for name in PACKAGES
        for path in (ROOT / name).rglob("*")
        if path.is_file() and path.parent.name != "__pycache__"
    }
    assert {name for name in wheel.namelist() if ".dist-info/" not in name} == files
    assert {Path(name).suffix for name in files} == {".py", ".html", ".js", ".css", ".md", ".yaml"}


def test_a_wheel_asks_for_what_is_required_and_says_the_licence(wheel):
    (name,) = [name for name in wheel.namelist() if name.endswith(".dist-info/METADATA")]
    metadata = email.message_from_bytes(wheel.read(name))
    lines = (ROOT / "requirements.in").read_text().splitlines()
    required = [re.match(r"\S+", line).group() for line in lines if not line.startswith("#")]
    extras = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"][
        "optional-dependencies"
    ]
    optional = [f'{line}; extra == "{name}"' for name, lines in extras.items() for line in lines]
    assert metadata.get_all("Requires-Dist") == required + optional
    assert (metadata["License-Expression"], metadata["License-File"]) == ("MIT", "LICENSE")


def test_the_installed_code_is_that_of_this_checkout():
    """In lecture/, where Python does not find it in the current folder; else make installs it."""
    program = "import models, pipeline; print(models.__file__, pipeline.__file__, sep='\\n')"
    told = subprocess.check_output(
        [sys.executable, "-c", program], cwd=ROOT / "lecture", text=True
    ).splitlines()
    assert told == [str(ROOT / name / "__init__.py") for name in PACKAGES]


@pytest.mark.parametrize("name", ["translate", "paint", "compose"])
def test_a_console_command_is_the_command_of_that_name(name, monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", [f"/bin/{name}", "--help"])
    (entry,) = entry_points(group="console_scripts", name=name)
    with pytest.raises(SystemExit) as ended:
        entry.load()()
    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: {name} ")
