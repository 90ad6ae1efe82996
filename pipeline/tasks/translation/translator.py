"""Translates lines of text with a trained run."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from models.shared.base import AutoregressiveModel
from pipeline.files import read_json
from pipeline.machine import to_use
from pipeline.tasks.translation.codec import Codec
from pipeline.tasks.translation.decoding.beam import Hypothesis
from pipeline.tasks.translation.decoding.decode import longest_source, translate
from pipeline.tasks.translation.encoding.clean import tidy_text
from pipeline.tasks.translation.encoding.letters import in_case
from pipeline.tasks.translation.settings import (
    LetterCase,
    TranslationDataset,
    TranslationDecoding,
    TranslationRun,
)
from pipeline.trained import load_model

EMPTY = Hypothesis([], 0.0)  # of an empty line
_READ_BYTES = 1 << 16


class Translation(NamedTuple):
    """A translation and its score."""

    text: str
    score: float


class Translator:
    """A trained network with its codec."""

    def __init__(
        self,
        model: AutoregressiveModel,
        codec: Codec,
        case: LetterCase,
        max_source_length: int,
        decoding: TranslationDecoding,
    ) -> None:
        self._model, self._codec, self._case, self._decoding = model, codec, case, decoding
        self._max_source_length = max_source_length  # tokens of the longest training source

    def lines(
        self, batches: Iterable[list[str]], warn: Callable[[str], None]
    ) -> Iterator[list[Translation]]:
        """Yield the translations of each line, best first; that of an empty line is empty.

        A batch of lines is translated before the next is read. A line longer than all training
        sources is translated after a warning.
        """
        first = 1
        for batch in batches:
            sources = {number: self._ids(line) for number, line in enumerate(batch, first)}
            first += len(batch)
            for number, source in sources.items():
                if len(source) > self._max_source_length:
                    warn(
                        f"line {number} has {len(source)} tokens, the longest in training "
                        f"{self._max_source_length}: expect a poor translation"
                    )
            nonempty = {number: source for number, source in sources.items() if source}
            found = translate(self._model, list(nonempty.values()), self._decoding)
            hypotheses = dict(zip(nonempty, found, strict=True))
            for number in sources:
                yield [
                    Translation(self._codec.decode(best.ids).replace("\n", " "), best.score)
                    for best in hypotheses.get(number, [EMPTY])
                ]

    def _ids(self, line: str) -> list[int]:
        return self._codec.encode(in_case(tidy_text(line), self._case))


def translate_input(
    options: argparse.Namespace, run: TranslationRun, dataset: TranslationDataset
) -> None:
    """Translate standard input with `run`, named `options.run`: the command `translate`."""
    encoded = Path("data/encoded") / run.dataset
    manifest = read_json(encoded / "manifest.json")
    source, target = manifest["source_language"], manifest["target_language"]
    translator = Translator(
        load_model(options.run, to_use(options.run, run.training)),
        Codec.load(encoded),
        dataset.encoding.letter_case,
        max_source_length=longest_source(encoded),
        decoding=run.decoding,
    )
    _log(f"{options.run}: {run.title}, {source} to {target}, trained on {run.dataset}")
    sys.stdout.reconfigure(encoding="utf-8")
    batches = _prompt(source) if sys.stdin.isatty() else _input(run.decoding.batch_sentences)
    for number, translations in enumerate(translator.lines(batches, _log), start=1):
        if options.n_best is None:
            print(translations[0].text, flush=True)
        else:
            for text, score in translations:
                print(f"{number} ||| {text} ||| {score:.4f}", flush=True)


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _input(size: int) -> Iterator[list[str]]:
    """Yield batches of up to `size` lines as soon as they arrive.

    Only \\n ends a line, and invalid UTF-8 is replaced: no line is lost.
    """
    partial = b""
    while chunk := sys.stdin.buffer.read1(_READ_BYTES):
        *lines, partial = (partial + chunk).split(b"\n")
        for start in range(0, len(lines), size):
            yield [line.decode(errors="replace") for line in lines[start : start + size]]
    if partial:
        yield [partial.decode(errors="replace")]


def _prompt(language: str) -> Iterator[list[str]]:
    with suppress(EOFError):
        while True:
            yield [input(f"{language}> ")]
