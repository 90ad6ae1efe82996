"""Predicts the classes, or the pieces, of the held-out passages."""

import csv
import io
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from models.shared.base import Model
from pipeline.corpus import all_tests
from pipeline.files import read_json, write_atomically
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.decoding.pieces import predict
from pipeline.tasks.classification.decoding.probabilities import probabilities_of
from pipeline.tasks.classification.settings import ClassificationDecoding, Target, target_of

_DIGITS = 6


def decode(
    model: Model, encoded: Path, samples: Path, decoding: ClassificationDecoding
) -> ClassificationDecoding:
    """Write <split>.csv of each test set; return how earlier weights of the run are decoded: alike.

    A row is a passage, with class, predicted class, and a probability per class; or a piece, with
    the number of its passage, its id, the likeliest id, and -ln p of its id.
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
    yield ["passage", "piece", "predicted", "nats"]
    for number, found in enumerate(predict(model, passages, batch_passages, ranks=1)):
        columns = found.actual, found.likeliest[:, 0], found.nats
        for actual, likeliest, nats in zip(*columns, strict=True):
            yield [number, actual, likeliest, f"{nats:.{_DIGITS}f}"]
