"""Lines of text from standard input, in windows that are translated together."""

import codecs
import sys
from collections.abc import Callable, Iterator
from json import detect_encoding
from typing import TextIO

_READ_BYTES = 1 << 16
_WINDOW_LINES = 256  # read ahead, so that lines of similar length share a batch
_REPLACEMENT = "\ufffd"


def read_lines(warn: Callable[[str], None]) -> Iterator[list[str]]:
    r"""Yield windows of up to _WINDOW_LINES lines as soon as they arrive.

    Only \n ends a line. Bytes that are no text are replaced, so that no line is lost; `warn` is
    told the first line with some.
    """
    count, is_warned = 0, False
    for lines in _complete_lines():
        for start in range(0, len(lines), _WINDOW_LINES):
            window = lines[start : start + _WINDOW_LINES]
            unreadable = (n for n, line in enumerate(window, count + 1) if _REPLACEMENT in line)
            if not is_warned and (number := next(unreadable, None)):
                is_warned = True
                warn(f"line {number} is not UTF-8: {_REPLACEMENT} stands for what cannot be read")
            count += len(window)
            yield window


def _complete_lines() -> Iterator[list[str]]:
    """Yield the lines that each piece of the input completes."""
    partial = ""
    for text in _decoded():
        *lines, partial = (partial + text).split("\n")
        yield lines
    if partial:
        yield [partial]


def _decoded() -> Iterator[str]:
    """Decode the input as it arrives: UTF-8, or UTF-16 or UTF-32 if its first bytes say so.

    A byte order mark is no part of the text.
    """
    chunk = sys.stdin.buffer.read1(_READ_BYTES)
    decoder = codecs.getincrementaldecoder(detect_encoding(chunk))(errors="replace")
    while chunk:
        yield decoder.decode(chunk)
        chunk = sys.stdin.buffer.read1(_READ_BYTES)
    yield decoder.decode(b"", final=True)


def prompt_lines(language: str) -> Iterator[list[str]]:
    """Ask on the terminal for a line at a time, until the end of the input.

    Standard output holds translations alone: the prompt goes there only if nothing else leads to
    the terminal.
    """
    terminal = sys.stderr if sys.stderr.isatty() else sys.stdout
    prompt = f"{language}> " if terminal.isatty() else ""
    while line := _asked(prompt, terminal):
        yield [line.decode(sys.stdin.encoding, errors="replace").removesuffix("\n")]
    if prompt:
        print(file=terminal)


def _asked(prompt: str, terminal: TextIO) -> bytes:
    if prompt:
        print(prompt, end="", file=terminal, flush=True)
    return sys.stdin.buffer.readline()
