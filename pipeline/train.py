"""Stage train: train the model of a run and record its loss curve.

Reads data/encoded/<dataset>, and the model of a run to start from if there is one; writes
runs/<run>/model and reports/curves/<run>.csv. Needs torch but neither dvc nor datasets. An
interrupted training resumes from its last checkpoint in .work/train. A training with several
processes starts them itself, or torchrun starts it on each machine.
"""

import csv
import io
import sys
from contextlib import nullcontext
from pathlib import Path

from pydantic import ValidationError

from models import store
from models.build import build
from models.settings import DataShape
from models.shared.base import Model
from pipeline import config
from pipeline.errors import ConfigError, DataError
from pipeline.explain import explain
from pipeline.files import read_json, staged_folder, write_atomically
from pipeline.machine import check_training
from pipeline.tasks import part
from pipeline.trained import kept_folder
from pipeline.training import checkpoint, distributed
from pipeline.training.batches import Batches
from pipeline.training.start import start_weights, take_weights
from pipeline.training.trainer import prepare, train
from pipeline.training.workspace import fingerprint_of, workspace


def main(name: str) -> None:
    """Train the run `name` of params.yaml."""
    run = config.run_of(config.load(), name)
    check_training(name, run.training)
    if distributed.has_to_start(name, run.training):
        distributed.start(run.training, "train", name)
    else:
        with distributed.process_group(run.training):
            _train(name, run)


def _train(name: str, run: config.AnyRun) -> None:
    model, batches, said = begin(name, run)
    first = distributed.rank() == 0
    if said and first:
        print(f"{name}: {said}", file=sys.stderr)
    with workspace(name, fingerprint_of(run)) if first else nullcontext(Path()) as work:
        curve = train(model, batches, run.training, work, name)
        if first:
            with staged_folder(Path("runs") / name / "model") as folder:
                store.save(model, folder)
                for step in run.training.keep_steps:
                    checkpoint.load_kept(work, model, step)
                    kept = kept_folder(folder, step)
                    kept.mkdir()
                    store.save(model, kept)
            write_atomically(curve_of(name), as_csv(curve))


def begin(name: str, run: config.AnyRun) -> tuple[Model, Batches, str | None]:
    """Return the network of a run with its first weights, its batches, and where it starts from.

    Sets threads, numerics and seed. Raises ConfigError if the network does not fit the data or the
    run that it starts from, and DataError if the encoded data is damaged.
    """
    encoded = Path("data/encoded") / run.dataset
    shape = _shape_of(encoded / "manifest.json")
    prepare(run.training)
    try:
        model = build(run.model, shape).to(run.training.device)
    except ValueError as error:
        raise ConfigError(f"{config.PARAMS}: runs.{name}.model: {error}") from None
    said = None
    if start := start_weights(run):
        try:
            said = take_weights(model, start, run.start_from.frozen)
        except ValueError as error:
            raise ConfigError(f"{config.PARAMS}: runs.{name}.start_from.{error}") from None
    batches = part(run.task, "batches").Batches(encoded, run.model, shape, run.training)
    return model, batches, said


def curve_of(name: str) -> Path:
    """Return the file with the loss curve of a run."""
    return Path("reports/curves") / f"{name}.csv"


def _shape_of(manifest: Path) -> DataShape:
    content = read_json(manifest)
    try:
        return DataShape.model_validate(content["shape"])
    except (KeyError, TypeError):
        reason = "is missing"
    except ValidationError as error:
        reason = explain(error, content["shape"])
    raise DataError(f"{manifest}: shape: {reason}; run the encode stage again")


def as_csv(rows: list[dict[str, float | int]]) -> bytes:
    """Return a loss curve as CSV, its numbers with six digits."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=rows[0], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {key: f"{row[key]:.6g}" for key in row if key != "step"})
    return text.getvalue().encode()
