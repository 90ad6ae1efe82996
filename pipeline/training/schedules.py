"""Learning rate schedules: a linear warm-up, then constant or decaying."""

import math

from pipeline.settings.training import Constant, Cosine, InverseSquareRoot, Training


def learning_rate(step: int, training: Training) -> float:
    """Return the learning rate of update `step`, counted from 1.

    It rises linearly to the peak `training.learning_rate` at step `warmup_steps`.
    """
    warmup_steps = training.schedule.warmup_steps
    ratio = step / warmup_steps if step < warmup_steps else _after_warmup(step, training)
    return training.learning_rate * ratio


def _after_warmup(step: int, training: Training) -> float:
    """Return learning rate / peak, from step `warmup_steps` on."""
    match training.schedule:
        case Constant():
            return 1.0
        case InverseSquareRoot(warmup_steps=warmup_steps):
            # Vaswani et al. 2017, eq. 3, d_model^-0.5 * min(step^-0.5, step * warmup^-1.5), over
            # its peak (d_model * warmup)^-0.5.
            return (warmup_steps / step) ** 0.5
        case Cosine(warmup_steps=warmup_steps, final_ratio=final):
            # Loshchilov and Hutter 2017, eq. 5, without restarts.
            progress = (step - warmup_steps) / max(training.steps - warmup_steps, 1)
            return final + (1.0 - final) * (1.0 + math.cos(math.pi * progress)) / 2.0
