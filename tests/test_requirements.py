"""What is required is imported and what is imported is required, each for a purpose."""

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
LINE = re.compile(r"(?P<name>\S+)==(?P<version>\S+) +# (?P<purpose>.+)")
NOT_IMPORTED = {"dvc": "a command", "ruamel-yaml-clib": "a part of ruamel.yaml"}
PART_OF = {"pydantic-core": "pydantic", "markupsafe": "jinja2"}  # and in their documentation


def normal(name: str) -> str:
    """The one spelling of a distribution's name (PEP 503)."""
    return re.sub(r"[-_.]+", "-", name).lower()


def required() -> dict[str, re.Match]:
    lines = (ROOT / "requirements.in").read_text().splitlines()
    found = [LINE.fullmatch(line) for line in lines if not line.startswith("#")]
    assert None not in found, lines
    return {normal(line["name"]): line for line in found}


def extras() -> dict[str, list[str]]:
    """What an optional feature asks for, by its name, which is that of the module."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


def imported() -> set[str]:
    """The distributions whose modules pipeline/ and models/ import."""
    names = set()
    for path in [*ROOT.glob("pipeline/**/*.py"), *ROOT.glob("models/**/*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names=aliases):
                    names |= {alias.name for alias in aliases}
                case ast.ImportFrom(module=module, level=0):
                    names.add(module)
    modules = {name.partition(".")[0] for name in names} - sys.stdlib_module_names
    providers = packages_distributions()
    # ruamel is a namespace that two distributions share.
    first = {
        providers[module][0] for module in modules - {"pipeline", "models", "ruamel", *extras()}
    }
    return {PART_OF.get(name, name) for name in map(normal, first)} | {"ruamel-yaml"}


def test_every_requirement_is_imported_and_every_import_is_required():
    assert imported() | NOT_IMPORTED.keys() == required().keys()


def test_every_requirement_has_a_purpose_of_its_own():
    purposes = [line["purpose"] for line in required().values()]
    assert len(set(purposes)) == len(purposes)


def test_the_lock_has_the_versions_that_are_required():
    lines = (ROOT / "requirements.txt").read_text().splitlines()[1:]
    locked = {
        normal(name): version for name, _, version in (line.partition("==") for line in lines)
    }
    for name, line in required().items():
        assert locked[name] == line["version"], name


def test_the_tests_build_with_the_backend_of_the_package():
    (backend,) = tomllib.loads((ROOT / "pyproject.toml").read_text())["build-system"]["requires"]
    assert backend in (ROOT / "requirements-dev.txt").read_text().splitlines()


@pytest.mark.parametrize(
    ("file", "features"),
    [
        ("requirements-dev.txt", extras()),
        ("requirements-publish.txt", ["onnx"]),
        ("benchmarks/requirements.txt", ["ctranslate2"]),
    ],
)
def test_optional_packages_have_the_same_version_wherever_they_are_installed(file, features):
    lines = (ROOT / file).read_text().splitlines()
    assert [line for name in features for line in extras()[name] if line not in lines] == []


def test_what_a_fresh_clone_needs_to_try_it_has_the_versions_of_all_others():
    """That it suffices, and what it leaves out, tests/test_try.py says."""
    first, *names = [
        line
        for line in (ROOT / "requirements-try.txt").read_text().splitlines()
        if not line.startswith("#")
    ]
    assert first == "-c requirements.txt"
    assert set(map(normal, names)) < required().keys()
