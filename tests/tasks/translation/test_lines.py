"""Standard input of translate: as a file, a pipe, and a terminal."""

import io
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.tasks.translation import lines
from pipeline.tasks.translation.lines import read_lines

ROOT = Path(__file__).parents[3]


@pytest.fixture
def read(monkeypatch):
    """Read bytes as standard input, in pieces of so many: the lines and the warnings."""

    def reading(content: bytes, piece: int = 1 << 16) -> tuple[list[str], list[str]]:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        monkeypatch.setattr(lines, "_READ_BYTES", piece)
        warnings: list[str] = []
        found = [line for window in read_lines(warnings.append) for line in window]
        return found, warnings

    return reading


def test_bytes_that_are_no_text_lose_no_line_and_are_told_once(read, monkeypatch):
    monkeypatch.setattr(lines, "_WINDOW_LINES", 2)
    found, warnings = read(b"one\r\ntwo\xff\xc3\n\nthree\xe2\x80\xa8four\rfive\n\xff\n")
    assert found == ["one\r", "two\ufffd\ufffd", "", "three\u2028four\rfive", "\ufffd"]
    assert warnings == ["line 2 is not UTF-8: \ufffd stands for what cannot be read"]


@pytest.mark.parametrize("piece", [4, 5, 7, 1 << 16])
@pytest.mark.parametrize(
    "encoding",
    ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"],
)
def test_text_is_the_same_in_every_encoding_of_unicode(read, encoding, piece):
    text = "für 東京\n\nzwei 🎵\nletzte"
    assert read(text.encode(encoding), piece) == (text.split("\n"), [])


def test_nothing_is_no_line(read):
    assert read(b"") == ([], [])
    assert read(b"\n") == ([""], [])


def test_a_line_of_any_length_is_read_whole(read):
    long = "für " * 100_000
    assert read(f"{long}\n\n{long}\n".encode()) == ([long, "", long], [])


def test_lines_that_are_there_do_not_wait_for_others(monkeypatch):
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as stdin, os.fdopen(write_end, "wb", buffering=0) as other:
        monkeypatch.setattr("sys.stdin", stdin)
        windows = read_lines(pytest.fail)
        for line in (b"one\n", b"two\nthree\nfo"):
            other.write(line)
            found = next(windows)
        assert found == ["two", "three"]
        other.write(b"ur\n")
        assert next(windows) == ["four"]


_PROMPTING = """
from pipeline.tasks.translation.lines import prompt_lines
for (line,) in prompt_lines("en"):
    print(line.upper(), flush=True)
"""


@pytest.mark.parametrize("told", ["stderr", "nothing"])
def test_the_prompt_is_on_the_terminal_and_standard_output_has_results_alone(told):
    """`told`: which stream but the input leads to the terminal."""
    master, terminal = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-X", "utf8", "-c", _PROMPTING],
        cwd=ROOT,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal if told == "stderr" else subprocess.PIPE,
    )
    os.close(terminal)
    os.write(master, b"one\nf\xfcr\n\x04")
    printed, errors = process.communicate()
    assert printed.decode() == "ONE\nF\ufffdR\n"
    assert not errors
    assert (b"en> " in os.read(master, 1000)) == (told == "stderr")
    os.close(master)
