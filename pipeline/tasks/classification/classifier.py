"""Classifies passages of text with a trained run."""

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from models.shared.base import Model
from pipeline.files import read_json
from pipeline.machine import to_use
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.codec import Codec
from pipeline.tasks.classification.decoding.probabilities import probabilities_of
from pipeline.tasks.classification.settings import ClassificationRun
from pipeline.trained import load_model


def classify(options: argparse.Namespace, run: ClassificationRun) -> None:
    """Print class and probability of each passage: the command `classify`."""
    encoded = Path("data/encoded") / run.dataset
    classifier = Classifier(encoded, load_model(options.run, to_use(options.run, run.training)))
    _log(f"{options.run}: {run.title}, trained on {run.dataset}: {', '.join(classifier.names)}")
    for number, text in enumerate(options.passages or _lines(), start=1):
        if not text.strip():
            print(flush=True)
            continue
        name, probability, is_cut = classifier.label(text)
        if is_cut:
            _log(f"warning: passage {number} is read up to {classifier.max_pieces} pieces")
        print(f"{name} {probability:.3f}", flush=True)


class Classifier:
    """A network with the codec and the classes of its data set."""

    def __init__(self, encoded: Path, model: Model) -> None:
        manifest = read_json(encoded / "manifest.json")
        self.names: list[str] = manifest["classes"]
        self.max_pieces: int = manifest["max_pieces"]
        self._codec, self._model = Codec.load(encoded), model

    def label(self, text: str) -> tuple[str, float, bool]:
        """Return class and probability of a text that is not empty, and whether it was cut off."""
        ids = self._codec.encode(" ".join(text.split()))
        passage = Passages([np.array(ids[: self.max_pieces])], np.zeros(1, np.int64))
        (shares,) = probabilities_of(self._model, passage, 1)
        return self.names[shares.argmax()], float(shares.max()), len(ids) > self.max_pieces


def _lines() -> Iterator[str]:
    r"""Yield the lines of standard input as they arrive; bytes that are no UTF-8 are replaced."""
    for line in sys.stdin.buffer:
        yield line.decode("utf-8", "replace")


def _log(message: str) -> None:
    print(message, file=sys.stderr, flush=True)
