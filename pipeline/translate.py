"""Translate standard input with a trained run, a line for a line; on a terminal, a prompt.

With --n-best N, the N best translations of each line: number ||| translation ||| score.
Needs runs/<run>/model and data/encoded/<dataset>: run `dvc repro train@<run>` or `dvc pull` first.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from torch import nn

from pipeline import config
from pipeline.console import exit_on_error
from pipeline.errors import ConfigError
from pipeline.files import read_json
from pipeline.machine import to_use
from pipeline.tasks.translation.codec import Codec
from pipeline.tasks.translation.decoding.beam import Hypothesis
from pipeline.tasks.translation.decoding.decode import longest_source, translate
from pipeline.tasks.translation.encoding.clean import tidy_text
from pipeline.tasks.translation.encoding.letters import in_case
from pipeline.tasks.translation.settings import (
    Beam,
    LetterCase,
    TranslationDecoding,
    TranslationRun,
)
from pipeline.trained import load_model

EMPTY = Hypothesis([], 0.0)  # an empty line is not searched
_CHUNK = 1 << 16


class Translated(NamedTuple):
    """A translation, and the score that it was found with."""

    text: str
    score: float


class Translator:
    """A trained network with its pieces."""

    def __init__(
        self,
        model: nn.Module,
        codec: Codec,
        case: LetterCase,
        longest: int,
        decoding: TranslationDecoding,
    ) -> None:
        self._model, self._codec, self._case, self._decoding = model, codec, case, decoding
        self._longest = longest  # pieces of the longest source that the network was trained with

    def lines(
        self, batches: Iterable[list[str]], warn: Callable[[str], None]
    ) -> Iterator[list[Translated]]:
        """Yield the translations of each line, best first; an empty line has an empty one.

        A batch of lines is translated before the next is read. A line that is longer than any in
        training is translated as it is, after a warning.
        """
        first = 1
        for batch in batches:
            sources = {number: self._ids(line) for number, line in enumerate(batch, first)}
            first += len(batch)
            for number, source in sources.items():
                if len(source) > self._longest:
                    warn(
                        f"line {number} has {len(source)} pieces, the longest in training "
                        f"{self._longest}: expect a poor translation"
                    )
            full = {number: source for number, source in sources.items() if source}
            hypotheses = translate(self._model, list(full.values()), self._decoding)
            found = dict(zip(full, hypotheses, strict=True))
            for number in sources:
                yield [
                    Translated(self._codec.decode(each.ids).replace("\n", " "), each.score)
                    for each in found.get(number, [EMPTY])
                ]

    def _ids(self, line: str) -> list[int]:
        return self._codec.encode(in_case(tidy_text(line), self._case))


def main(name: str, n_best: int | None) -> None:
    """Translate standard input with the run `name` of params.yaml."""
    params = config.load()
    run = config.run_of(params, name)
    if not isinstance(run, TranslationRun):
        raise ConfigError(f"{config.PARAMS}: runs.{name}.task = {run.task} does not translate")
    encoded = Path("data/encoded") / run.dataset
    manifest = read_json(encoded / "manifest.json")
    source, target = manifest["source_language"], manifest["target_language"]
    decoding = run.decoding
    if n_best is not None:
        decoding = decoding.model_copy(update={"method": _widened(name, run, n_best)})
    translator = Translator(
        load_model(name, to_use(name, run.training)),
        Codec.load(encoded),
        params.datasets[run.dataset].encoding.letter_case,
        longest=longest_source(encoded),
        decoding=decoding,
    )
    _say(f"{name}: {run.title}, {source} to {target}, trained on {run.dataset}")
    sys.stdout.reconfigure(encoding="utf-8")
    batches = _prompt(source) if sys.stdin.isatty() else _input(decoding.batch_sentences)
    for number, translations in enumerate(translator.lines(batches, _say), start=1):
        if n_best is None:
            print(translations[0].text, flush=True)
        else:
            for text, score in translations:
                print(f"{number} ||| {text} ||| {score:.4f}", flush=True)


def _widened(name: str, run: TranslationRun, n_best: int) -> Beam:
    """The run's beam search, to find so many hypotheses."""
    path, method = f"runs.{name}.decoding.method", run.decoding.method
    if not isinstance(method, Beam):
        raise ConfigError(
            f"{config.PARAMS}: {path}.kind = {method.kind} finds one translation; for --n-best "
            "use kind = beam"
        )
    if not 1 <= n_best <= method.beam_size:
        raise ConfigError(
            f"{config.PARAMS}: --n-best {n_best} should be from 1 to {path}.beam_size = "
            f"{method.beam_size}; choose a wider beam"
        )
    return method.model_copy(update={"n_best": n_best})


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _input(size: int) -> Iterator[list[str]]:
    """Yield at most `size` lines at once: those that are there, so that none has to wait.

    Only \\n ends a line, and what is no UTF-8 is shown as such: no line is lost.
    """
    begun = b""
    while chunk := sys.stdin.buffer.read1(_CHUNK):
        *lines, begun = (begun + chunk).split(b"\n")
        for start in range(0, len(lines), size):
            yield [line.decode(errors="replace") for line in lines[start : start + size]]
    if begun:
        yield [begun.decode(errors="replace")]


def _prompt(language: str) -> Iterator[list[str]]:
    with suppress(EOFError):
        while True:
            yield [input(f"{language}> ")]


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="a key of runs in params.yaml")
    parser.add_argument("--n-best", type=int, metavar="N", help="print the N best, with scores")
    arguments = parser.parse_args()
    exit_on_error(lambda: main(arguments.run, arguments.n_best))
