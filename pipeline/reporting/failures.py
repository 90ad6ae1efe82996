"""Sentences about trainings that went wrong, each written only where its measurement says so."""

from pipeline.reporting.results import Curve, Result
from pipeline.settings.run import SCRATCH
from pipeline.settings.training import CheckpointSelection

_OVERFITTED = 0.2  # how far the validation loss ends above its lowest, as a share of that
_UNTRAINED = 0.1  # how far it falls below the first, as a share of that, if nothing is learned

_WEIGHTS = {
    CheckpointSelection.AVERAGED: "the mean of the last checkpoints",
    CheckpointSelection.BEST: "those of the lowest validation loss",
    CheckpointSelection.LAST: "the last",
}


def failure_of_training(result: Result, curve: Curve, unit: str) -> str | None:
    """Say that a run overfitted, or hardly trained from random weights; None if it did neither.

    The losses of `curve` are in `unit`.
    """
    if not curve.validation:
        return None
    training, title = result.run.training, result.run.title
    first = curve.validation[0][1]
    step, best = min(curve.validation, key=lambda point: point[1])
    last = curve.validation[-1][1]
    before = [loss for at, loss in curve.train if at <= step]
    if last > best * (1 + _OVERFITTED) and before and curve.train[-1][1] < before[-1]:
        return (
            f"{title}: overfitting; the validation loss was lowest, {best:.3f} {unit}, after "
            f"{step:,} of {training.steps:,} updates and rose to {last:.3f}, while the training "
            f"loss fell from {before[-1]:.3f} to {curve.train[-1][1]:.3f}. The weights used are "
            f"{_WEIGHTS[training.checkpoint_selection]}."
        )
    if result.run.start_from.run == SCRATCH and best > first * (1 - _UNTRAINED):
        return (
            f"{title}: hardly trained; {training.steps:,} updates lowered the validation loss from "
            f"{first:.3f} to no less than {best:.3f} {unit}{_cause(result)}."
        )
    return None


def _cause(result: Result) -> str:
    """Name what the settings lack that such a training needs, "" if nothing is known."""
    if getattr(result.run.training.schedule, "warmup_steps", 0) == 1:  # without
        return "; it had no warm-up, so its first updates were at the full learning rate"
    return ""
