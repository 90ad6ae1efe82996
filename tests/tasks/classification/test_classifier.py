"""The command `classify`: passages as arguments and as lines, and what is refused."""

import io
import re
import sys
from types import SimpleNamespace

import pytest

from pipeline.errors import ConfigError
from pipeline.tasks.classification import command
from tests.tasks.classification.texts import SUBJECTS, write_scale
from tests.test_config import DEFAULT

RUN = "classification_attention"


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """A scale in which the run has a model, untrained, and made-up manuals as data."""
    monkeypatch.chdir(tmp_path)
    write_scale(tmp_path, DEFAULT, RUN)


def classify(*passages: str, run: str = RUN) -> None:
    command.run(command.parse(["--run", run, *passages]))


def test_a_passage_gets_a_class_and_its_probability(scale, capsys):
    classify("The cell here.", "The  cell\nhere.", "", "Another passage of text")
    first, spaced, empty, other = capsys.readouterr().out.split("\n")[:4]
    name, probability = first.split()
    assert name in SUBJECTS and 1 / 3 < float(probability) < 1
    assert spaced == first and empty == "" and re.fullmatch(r"\w+ 0\.\d{3}", other)


def test_lines_of_standard_input_are_passages(scale, capsys, monkeypatch):
    classify("The cell here.", "Another one")
    as_arguments = capsys.readouterr().out
    lines = io.BytesIO(b"The cell here.\r\nAnother one")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=lines))
    classify()
    assert capsys.readouterr().out == as_arguments


def test_characters_are_composed_as_in_the_training(scale, capsys):
    classify("The caf\u00e9 cell", "The cafe\u0301 cell")
    composed, decomposed = capsys.readouterr().out.splitlines()
    assert composed == decomposed


def test_a_long_passage_is_cut_off_with_a_warning(scale, capsys):
    classify("short", "cell " * 100)
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 2
    assert "warning: passage 2 is read up to 40 pieces" in said.err


def test_a_run_of_another_task_is_refused(scale):
    with pytest.raises(ConfigError, match="runs.music_relative.task = music does not classify"):
        classify("a", run="music_relative")
