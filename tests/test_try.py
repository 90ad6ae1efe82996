"""The commands of the README in a fresh clone, with the packages of requirements-try.txt alone."""

import re
import subprocess
import sys
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, packages_distributions, requires
from pathlib import Path

import pretty_midi
import pytest
import soundfile
from PIL import Image

from tests.test_requirements import normal

ROOT = Path(__file__).parents[1]
COMMANDS = {
    "translate": ["Turn on the light.", "--attention", "attention.html"],
    "paint": ["--class", "7"],
    "compose": ["--seconds", "4"],
}
LISTING = """
import atexit, runpy, sys
atexit.register(lambda: print("MODULES", *{name.partition(".")[0] for name in sys.modules}))
runpy.run_module("pipeline", run_name="__main__", alter_sys=True)
"""


def with_what_they_require(names: set[str]) -> set[str]:
    """Add the requirements of `names`, and theirs, that are installed here."""
    found: set[str] = set()
    while names:
        name = names.pop()
        found.add(name)
        with suppress(PackageNotFoundError):
            lines = [line for line in requires(name) or [] if "extra ==" not in line]
            names |= {normal(re.match(r"[\w.-]+", line)[0]) for line in lines} - found
    return found


TRIED = {
    normal(line)
    for line in (ROOT / "requirements-try.txt").read_text().splitlines()
    if not line.startswith(("#", "-"))
}


@pytest.fixture(scope="module")
def told(tmp_path_factory) -> dict[str, subprocess.CompletedProcess]:
    """What each command says, in an empty folder."""
    folder = tmp_path_factory.mktemp("empty")
    return {
        name: subprocess.run(
            [sys.executable, "-c", LISTING, name, *options],
            cwd=folder,
            env={"PYTHONPATH": str(ROOT), "HOME": str(folder), "PATH": ""},
            capture_output=True,
            text=True,
            check=True,
            stdin=subprocess.DEVNULL,
        )
        for name, options in COMMANDS.items()
    } | {"folder": folder}


def test_the_first_sentence_is_translated(told):
    assert told["translate"].stdout.splitlines()[0] == "Schalte die Leuchte ein."
    assert told["translate"].stderr.startswith("translation_sinusoid, pretrained: Transformer, en")
    page = (told["folder"] / "attention.html").read_text(encoding="utf-8")
    assert "&#34;▁Sch" in page and "script-src 'sha256-" in page


def test_pictures_are_painted_large_enough_to_look_at(told):
    picture = Image.open(told["folder"] / "painted.png")
    assert picture.size == (560, 560)
    assert "trained on Optical recognition of handwritten digits" in told["paint"].stderr


def test_music_is_composed_and_heard(told):
    midi = pretty_midi.PrettyMIDI(str(told["folder"] / "composed.mid"))
    assert midi.get_end_time() == pytest.approx(4.0, abs=0.2) and len(midi.instruments) == 4
    samples, _ = soundfile.read(told["folder"] / "composed.mp3")
    assert abs(samples).max() > 0.1


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_else_has_to_be_installed(told, name):
    """Of what this environment has, beside what those packages take if it is there."""
    (modules,) = re.findall(r"^MODULES (.*)$", told[name].stdout, re.MULTILINE)
    distributions = packages_distributions()
    used = {
        normal(each) for module in modules.split() for each in distributions.get(module, [])[:1]
    }
    optional = {"ruamel-yaml-clib", "dill", "tqdm", "pydot", "pandas", "wcwidth", "setuptools"}
    assert used - optional - {"attention-lecture"} <= with_what_they_require(set(TRIED))
