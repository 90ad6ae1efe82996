"""Predicts the classes, or the pieces, of the held-out passages."""

import csv
import io
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

from models.shared.base import Model
from pipeline.corpus import all_tests
from pipeline.files import read_json, write_atomically
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.decoding.pieces import GUESSES, predict
from pipeline.tasks.classification.decoding.probabilities import probabilities_of
from pipeline.tasks.classification.settings import ClassificationDecoding, Target, target_of

_DIGITS = 6


def decode(
    model: Model, encoded: Path, samples: Path, decoding: ClassificationDecoding
) -> ClassificationDecoding:
    """Write <split>.csv of each test set; return how earlier weights of the run are decoded: alike.

    A row is a passage, with class, predicted class, and a probability per class; or a piece, with
    the number of its passage, its id, -ln p of that, and the likeliest ids with their
    probabilities.
    """
    names = read_json(encoded / "manifest.json")["classes"]
    for split in all_tests(encoded):
        passages = Passages.read(encoded, split)
        if target_of(model.settings) is Target.CLASS:
            rows = _classes(model, passages, names, decoding.batch_passages)
        else:
            rows = _pieces(model, passages, decoding.batch_passages)
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        write_atomically(samples / f"{split}.csv", text.getvalue().encode())
    return decoding


def _classes(
    model: Model, passages: Passages, names: list[str], batch_passages: int
) -> Iterable[list[Any]]:
    yield ["class", "predicted", *names]
    probabilities = probabilities_of(model, passages, batch_passages)
    for number, row in zip(passages.classes, probabilities, strict=True):
        shares = [f"{share:.{_DIGITS}f}" for share in row]
        yield [names[number], names[row.argmax()], *shares]


def _pieces(model: Model, passages: Passages, batch_passages: int) -> Iterable[list[Any]]:
    guesses = [[f"guess_{rank}", f"probability_{rank}"] for rank in range(1, GUESSES + 1)]
    yield ["passage", "piece", "nats", *chain(*guesses)]
    for number, found in enumerate(predict(model, passages, batch_passages, GUESSES)):
        for actual, nats, likeliest, shares in zip(*found, strict=True):
            numbers = [nats, *chain(*zip(likeliest, shares, strict=True))]
            yield [number, actual, *(f"{number:.{_DIGITS}g}" for number in numbers)]
