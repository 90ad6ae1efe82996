"""Train a run up to the first row of its loss curve, and compare it with the row that is there.

    python -m pipeline retrace translation_relative

The row has the losses of all updates so far, and of the validation split: if it is the committed
one, then this code and this machine go the way of the committed training, for a small part of its
time. `verify` compares all outputs, after all of the trainings. Needs the encoded data, and the
model of a run that this one starts from. Writes nothing; exits with status 1 if the row differs.
"""

import csv
import io
import sys

from pipeline import config
from pipeline.console import Progress
from pipeline.errors import ConfigError, DataError
from pipeline.machine import check_training
from pipeline.train import as_csv, begin, curve_of
from pipeline.training import optimizers
from pipeline.training.checkpoint import TrainingState
from pipeline.training.loss import MeanNats
from pipeline.training.trainer import curve_row
from pipeline.training.update import update

Row = dict[str, str]


def main(name: str) -> None:
    """Retrace the run `name`, and say whether its row is the one of reports/curves."""
    run = config.run_of(config.load(), name)
    check_training(name, run.training)
    if run.training.processes > 1 or run.training.compile:
        raise ConfigError(
            f"{config.PARAMS}: runs.{name}.training: retraced are runs with processes = 1 and "
            "compile = false; train this one anew"
        )
    there, now = _row_of(name), _retrace(name, run)
    what = f"{name}: {now['step']} of {run.training.steps} updates"
    if differing := [key for key in now if there.get(key) != now[key]]:
        said = "; ".join(f"{key} {now[key]}, not {there.get(key)}" for key in differing)
        sys.exit(f"{what}: another row than {curve_of(name)}: {said}")
    print(f"{what}: the same row as {curve_of(name)}, validation loss {now['validation_loss']}")


def _row_of(name: str) -> Row:
    """Return the first row of the curve of a run; DataError if there is none."""
    path = curve_of(name)
    try:
        return next(csv.DictReader(io.StringIO(path.read_text(encoding="utf-8"))))
    except (OSError, StopIteration):
        raise DataError(f"{path}: no loss curve to compare with; train {name}") from None


def _retrace(name: str, run: config.AnyRun) -> Row:
    """Train up to the first row of the curve, and return it."""
    training = run.training
    model, batches, _ = begin(name, run)
    network, optimizer = (
        MeanNats(model, training.label_smoothing),
        optimizers.build(model, training.optimizer),
    )
    state = TrainingState(0, {}, [], [])
    steps = min(training.validate_every, training.steps)
    progress = Progress(name, steps)
    for state.step in range(1, steps + 1):
        state.updates.append(update(network, optimizer, batches, training, state.step))
        progress.update(state.step)
    row = as_csv([curve_row(model, batches, training, state)])
    return next(csv.DictReader(io.StringIO(row.decode())))
