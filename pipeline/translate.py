"""Translate standard input with a trained run, a line for a line; on a terminal, a prompt.

Needs runs/<run>/model and data/encoded/<dataset>: run `dvc repro train@<run>` or `dvc pull` first.
"""

import argparse
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from torch import nn

from pipeline import config
from pipeline.console import exit_on_error
from pipeline.corpus import read_sequences
from pipeline.errors import ConfigError
from pipeline.files import read_json
from pipeline.tasks.translation.codec import Codec
from pipeline.tasks.translation.decoding.decode import translate
from pipeline.tasks.translation.encoding.clean import tidy_text
from pipeline.tasks.translation.settings import TranslationDecoding, TranslationRun
from pipeline.trained import load_model


class Translator:
    """A trained network with its pieces."""

    def __init__(
        self, model: nn.Module, codec: Codec, longest: int, decoding: TranslationDecoding
    ) -> None:
        self._model, self._codec, self._decoding = model, codec, decoding
        self._longest = longest  # pieces of the longest source that the network was trained with

    def lines(self, lines: Iterable[str], warn: Callable[[str], None]) -> Iterator[str]:
        """Yield the translation of each line, without its end; an empty line for an empty one.

        Reads no more than a batch ahead. A line that is longer than any in training is translated
        as it is, after a warning.
        """
        numbered = enumerate(lines, start=1)
        while batch := list(islice(numbered, self._decoding.batch_sentences)):
            sources = {number: self._codec.encode(tidy_text(line)) for number, line in batch}
            for number, source in sources.items():
                if len(source) > self._longest:
                    warn(
                        f"line {number} has {len(source)} pieces, the longest in training "
                        f"{self._longest}: expect a poor translation"
                    )
            full = {number: source for number, source in sources.items() if source}
            best = translate(self._model, list(full.values()), self._decoding)
            found = dict(zip(full, (self._codec.decode(each.ids) for each in best), strict=True))
            for number in sources:
                yield found.get(number, "").replace("\n", " ")


def main(name: str) -> None:
    """Translate standard input with the run `name` of params.yaml."""
    run = config.run_of(config.load(), name)
    if not isinstance(run, TranslationRun):
        raise ConfigError(f"{config.PARAMS}: runs.{name}.task = {run.task} does not translate")
    encoded = Path("data/encoded") / run.dataset
    manifest = read_json(encoded / "manifest.json")
    source, target = manifest["source_language"], manifest["target_language"]
    at_once = 1 if sys.stdin.isatty() else run.decoding.batch_sentences
    translator = Translator(
        load_model(name, run.training),
        Codec.load(encoded),
        longest=int(read_sequences(encoded, "train", "source").lengths.max()),
        decoding=run.decoding.model_copy(update={"batch_sentences": at_once}),
    )
    _say(f"{name}: {run.title}, {source} to {target}, trained on {run.dataset}")
    sys.stdout.reconfigure(encoding="utf-8")
    for line in translator.lines(_prompt(source) if sys.stdin.isatty() else _input(), _say):
        print(line, flush=True)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _input() -> Iterator[str]:
    # Only \n ends a line, and what is no UTF-8 is shown as such: no line is lost.
    sys.stdin.reconfigure(encoding="utf-8", errors="replace", newline="\n")
    return iter(sys.stdin)


def _prompt(language: str) -> Iterator[str]:
    with suppress(EOFError):
        while True:
            yield input(f"{language}> ")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="a key of runs in params.yaml")
    name = parser.parse_args().run
    exit_on_error(lambda: main(name))
