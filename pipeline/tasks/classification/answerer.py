"""Answers to the texts that a user gives a trained network: arguments, or lines as they arrive."""

import sys
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path

from pipeline.files import read_json
from pipeline.machine import to_use
from pipeline.tasks.classification.codec import Codec
from pipeline.tasks.classification.settings import ClassificationRun
from pipeline.trained import load_model


class Answerer(ABC):
    """A trained network with the codec and the manifest of its data set."""

    def __init__(self, name: str, run: ClassificationRun) -> None:
        self.model = load_model(name, to_use(name, run.training))
        encoded = Path("data/encoded") / run.dataset
        self.codec, self.manifest = Codec.load(encoded), read_json(encoded / "manifest.json")
        self._name, self._run = name, run

    @property
    def introduction(self) -> str:
        """Which network answers."""
        return f"{self._name}: {self._run.title}, trained on {self._run.dataset}"

    def answer_each(self, texts: Sequence[str]) -> None:
        """Print the answer to each text, or without any to each line of the standard input.

        Characters are composed and white space is a single space, as in the passages of the
        training; a longer text than these is cut off, with a warning. An empty one stays empty.
        """
        log(self.introduction)
        longest = self.manifest["max_pieces"]
        for number, text in enumerate(texts or _lines(), start=1):
            text = " ".join(unicodedata.normalize("NFC", text).split())
            ids = self.encode(text)
            if len(ids) > longest:
                log(f"warning: passage {number} is read up to {longest} pieces")
            print(self.answer(text, ids[:longest]) if text else "", flush=True)

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        return self.codec.encode(text)

    @abstractmethod
    def answer(self, text: str, ids: list[int]) -> str:
        """Return the answer to a text that is not empty, of which the network reads `ids`."""


def log(message: str) -> None:
    """Print a line on standard error."""
    print(message, file=sys.stderr, flush=True)


def _lines() -> Iterator[str]:
    r"""Yield the lines of standard input as they arrive; bytes that are no UTF-8 are replaced."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace")
