"""Passages with what a network that was pre-trained predicts at each piece."""

from dataclasses import dataclass
from typing import Any

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.results import Result


@dataclass(frozen=True)
class Piece:
    """A piece of a passage, the likeliest pieces at its place, and whether it is the first."""

    text: str
    guesses: list[tuple[str, float]]  # and their probabilities

    @property
    def is_found(self) -> bool:
        """Whether the likeliest piece is the true one."""
        return self.guesses[0][0] == self.text

    @property
    def says(self) -> str:
        """The guesses in a line."""
        return ", ".join(f"\u201c{text.strip()}\u201d {share:.0%}" for text, share in self.guesses)


@dataclass(frozen=True)
class Guessed:
    """The passages of a run."""

    result: Result
    passages: list[list[Piece]]


def read_guesses(result: Result) -> Guessed:
    """Read the passages of a run; DataError if the file is missing or damaged."""
    path = result.records / "guesses.json"
    content = read_json(path)
    try:
        return Guessed(result, [_passage(each) for each in content])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(f"{path}: {error!r}; run `dvc repro evaluate@{result.name}`") from None


def _passage(content: dict[str, Any]) -> list[Piece]:
    """Return the pieces of a passage; what is predicted after the last, its end, is not shown."""
    return [
        Piece(text, [(str(guess), float(share)) for guess, share in guesses])
        for text, guesses in zip(content["pieces"], content["guesses"], strict=False)
    ]
