"""Translates lines of text with a trained run."""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

from models.settings import Learned
from models.shared.base import AutoregressiveModel
from pipeline.errors import DataError
from pipeline.files import write_atomically
from pipeline.machine import to_use
from pipeline.networks import Network
from pipeline.tasks.translation.codec import Codec
from pipeline.tasks.translation.decoding.beam import Hypothesis
from pipeline.tasks.translation.decoding.decode import (
    Sources,
    different,
    translate,
)
from pipeline.tasks.translation.encoding.clean import tidy_text
from pipeline.tasks.translation.encoding.letters import in_case
from pipeline.tasks.translation.engine import MAX_POSITIONS, Engine
from pipeline.tasks.translation.lines import prompt_lines, read_lines
from pipeline.tasks.translation.settings import (
    LetterCase,
    TranslationDecoding,
    TranslationRun,
)

MAX_TOKENS = 1 << 15  # of a line; memory grows with it
MAX_SHOWN = 20  # lines on the page of --attention


class Translation(NamedTuple):
    """A translation and its score."""

    text: str
    score: float


EMPTY = [Translation("", 0.0)]  # of a line without text, and of one that is not translated


class Translator:
    """A search, which yields the hypotheses of each source, with the codec of its ids."""

    def __init__(
        self,
        search: Callable[[Sources], Iterator[list[Hypothesis]]],
        codec: Codec,
        case: LetterCase,
        max_source_length: int,
        limit: int,
    ) -> None:
        self._search, self._codec, self._case = search, codec, case
        self._max_source_length = max_source_length  # tokens of the longest training source
        self._limit = limit  # tokens of the longest line that is translated

    def lines(
        self, windows: Iterable[list[str]], warn: Callable[[str], None]
    ) -> Iterator[list[Translation]]:
        """Yield the different translations of each line, best first, each as soon as it can be.

        A window of lines is translated before the next is read. The translation of an empty line is
        empty. A line longer than all training sources is translated after a warning. One of more
        tokens than the limit gets a warning and an empty translation, so that those after it are
        translated; DataError at the end counts such lines.
        """
        first, refused = 1, 0
        for window in windows:
            sources = [self.ids(line) for line in window]
            for number, source in enumerate(sources, first):
                if len(source) > self._max_source_length:
                    warn(f"line {number} has {len(source)} tokens, {self._verdict(source)}")
            first += len(window)
            refused += sum(len(source) > self._limit for source in sources)
            found = self._translate([source for source in sources if self._is_translated(source)])
            for source in sources:
                yield next(found) if self._is_translated(source) else EMPTY
        if refused:
            raise DataError(f"{refused} of {first - 1} lines were too long and are not translated")

    def ids(self, line: str) -> list[int]:
        """Return the ids that the network reads of a line, without EOS."""
        return self._codec.encode(in_case(tidy_text(line), self._case))

    def _is_translated(self, source: list[int]) -> bool:
        return 0 < len(source) <= self._limit

    def _verdict(self, source: list[int]) -> str:
        if len(source) > self._limit:
            return f"more than {self._limit}: not translated; break it into sentences"
        return f"the longest in training {self._max_source_length}: expect a poor translation"

    def _translate(self, sources: list[list[int]]) -> Iterator[list[Translation]]:
        for hypotheses in self._search(sources):
            yield [
                Translation(text.replace("\n", " "), score)
                for text, score in different(hypotheses, self._codec)
            ]


def own_search(
    model: AutoregressiveModel, decoding: TranslationDecoding
) -> Callable[[Sources], Iterator[list[Hypothesis]]]:
    """Return the search of the decode stage."""
    return lambda sources: translate(model, sources, decoding)


def longest_line(model: AutoregressiveModel, extra_length: int, engine: Engine) -> int:
    """Return the most tokens of a line for which the network has positions, and memory suffices."""
    limit = MAX_TOKENS
    if isinstance(model.settings.positions, Learned):
        limit = min(limit, model.settings.positions.max_length - extra_length - 1)  # 1: the end
    if engine is Engine.CTRANSLATE2:
        limit = min(limit, MAX_POSITIONS - extra_length - 1)
    return limit


def translate_input(options: argparse.Namespace, network: Network, run: TranslationRun) -> None:
    """Translate sentences or standard input with `network`, by `run`: the command `translate`."""
    encoding = network.dataset.encoding
    source, target = encoding.source_language, encoding.target_language
    model = network.load(to_use(network.name, run.training))
    codec = Codec.load(network.encoded)
    engine = Engine(options.engine)
    search = own_search(model, run.decoding)
    if engine is Engine.CTRANSLATE2:
        from pipeline.tasks.translation.ctranslate2_search import Ctranslate2Search  # optional

        search = Ctranslate2Search(model, codec, run.decoding, run.training.threads)
    translator = Translator(
        search,
        codec,
        encoding.letter_case,
        max_source_length=network.longest("source"),
        limit=longest_line(model, run.decoding.extra_length, engine),
    )
    _log(network.introduction(f"{source} to {target}"))
    if not sys.stdout.isatty():  # a terminal has its encoding, a file UTF-8
        sys.stdout.reconfigure(encoding="utf-8", errors="replace")
    lines: list[str] = []
    pairs: list[tuple[str, str]] = []  # of a line and its translation
    windows = _remembered(_windows(options.sentences, source), lines)
    number = 0
    try:
        for number, translations in enumerate(translator.lines(windows, _log), start=1):
            _print(number, translations, options.n_best)
            if number <= MAX_SHOWN:
                pairs.append((lines[number - 1], translations[0].text))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"interrupted; {number} lines are translated") from None
    if options.attention is not None:
        from pipeline.tasks.translation.attention_page import attention_page  # needs jinja2

        sources = ((translator.ids(line), translation) for line, translation in pairs)
        title = network.introduction(f"{source} to {target}")
        content = attention_page(title, model, codec, sources)
        write_atomically(options.attention, content.encode())
        _log(f"{options.attention}: what each head looked at")


def _windows(sentences: Sequence[str], language: str) -> Iterator[list[str]]:
    """Yield the sentences of the command line or, if there are none, standard input."""
    if sentences:
        return iter([list(sentences)])
    return prompt_lines(language) if sys.stdin.isatty() else read_lines(_log)


def _remembered(windows: Iterable[list[str]], lines: list[str]) -> Iterator[list[str]]:
    """Yield `windows`, and add their first lines to `lines`."""
    for window in windows:
        lines += window[: MAX_SHOWN - len(lines)]
        yield window


def _print(number: int, translations: list[Translation], n_best: int | None) -> None:
    if n_best is None:
        print(translations[0].text, flush=True)
        return
    for text, score in translations[:n_best]:
        print(f"{number} ||| {text} ||| {score:.4f}", flush=True)
    if len(translations) < n_best and translations is not EMPTY:
        _log(
            f"line {number} has {len(translations)} different translations, not {n_best}: the "
            "search found no others; with a larger beam_size it may"
        )


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
