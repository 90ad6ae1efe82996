"""Classifies the held-out passages."""

import csv
import io
from pathlib import Path

from models.shared.base import Model
from pipeline.corpus import all_tests
from pipeline.files import read_json, write_atomically
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.decoding.probabilities import probabilities_of
from pipeline.tasks.classification.settings import ClassificationDecoding

_DIGITS = 6


def decode(
    model: Model, encoded: Path, samples: Path, decoding: ClassificationDecoding
) -> ClassificationDecoding:
    """Write <split>.csv of each test set: class, predicted class, and a probability per class.

    Returns how earlier weights of the run are decoded: alike.
    """
    names = read_json(encoded / "manifest.json")["classes"]
    for split in all_tests(encoded):
        passages = Passages.read(encoded, split)
        probabilities = probabilities_of(model, passages, decoding.batch_passages)
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(["class", "predicted", *names])
        for number, row in zip(passages.classes, probabilities, strict=True):
            shares = [f"{share:.{_DIGITS}f}" for share in row]
            writer.writerow([names[number], names[row.argmax()], *shares])
        write_atomically(samples / f"{split}.csv", text.getvalue().encode())
    return decoding
