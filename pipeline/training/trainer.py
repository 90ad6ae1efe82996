"""Training loop, with checkpoints and resumption."""

import math
import sys
from pathlib import Path

import torch

from models.shared.base import Model
from pipeline.console import Progress
from pipeline.determinism import compute_deterministically
from pipeline.errors import CheckpointError, PipelineError
from pipeline.memory import keep_freed_memory
from pipeline.settings.training import Training
from pipeline.training import checkpoint, distributed, optimizers
from pipeline.training.batches import Batches
from pipeline.training.checkpoint import TrainingState
from pipeline.training.checkpoint_selection import selected_weights, update_selection
from pipeline.training.loss import MeanNats
from pipeline.training.schedules import learning_rate
from pipeline.training.update import autocast, backward, update


def prepare(training: Training) -> None:
    """Set threads, numerics, deterministic kernels and seed, before the network is initialised."""
    keep_freed_memory()
    compute_deterministically(training.threads, training.numerics)
    torch.manual_seed(training.seed)


def train(
    model: Model, batches: Batches, training: Training, folder: Path, title: str
) -> list[dict[str, float | int]]:
    """Train `model`, load the selected weights into it, and return the loss curve.

    The weights after each of `training.keep_steps` are in `folder`, for checkpoint.load_kept.

    Resumes from the checkpoint in `folder` if there is one, and ends with the same weights as
    without an interruption. A row of the curve has step, learning_rate, train_loss and
    validation_loss (mean nats per token; the training loss with label smoothing), and the share of
    padding in the batches since the previous row. Raises PipelineError if a loss or a gradient is
    not finite; the message of a KeyboardInterrupt names the last checkpoint.
    """
    optimizer = optimizers.build(model, training.optimizer)
    state = _resume(folder, model, optimizer)
    network = distributed.parallel(MeanNats(model, training.label_smoothing))
    if training.compile:
        # Dynamic lengths: a resumed training sees them in another order.
        network = torch.compile(network, dynamic=True)
    if distributed.world_size() > 1:
        # After the first backward pass DistributedDataParallel rebuilds its buckets, which changes
        # the rounding of sums. Discard that pass, so that a resumed training ends with equal bytes.
        backward(network, [batches.batch(1)], training)
    progress = Progress(title, training.steps, state.step)
    saved = state.step
    try:
        for step in range(state.step + 1, training.steps + 1):
            state.updates.append(update(network, optimizer, batches, training, step))
            state.step = step
            if step % training.validate_every == 0 or step == training.steps:
                state.curve.append(curve_row(model, batches, training, state))
                state.updates = []
            update_selection(state, model, training)
            if distributed.rank() == 0:
                if step in training.keep_steps:
                    checkpoint.keep(folder, model, step)
                if step % training.checkpoint_every == 0 and step < training.steps:
                    checkpoint.write(folder, model, optimizer, state)
                    saved = step
                progress.update(step, _note(state.curve))
    except KeyboardInterrupt:
        raise KeyboardInterrupt(_interrupted(title, state.step, saved)) from None
    model.load_state_dict(selected_weights(state, model, training))
    return state.curve


@torch.no_grad()
def validation_loss(model: Model, batches: Batches, training: Training) -> float:
    """Return mean nats per target of the validation split, without dropout or label smoothing."""
    model.eval()
    total, count = 0.0, 0
    for batch in batches.validation()[distributed.rank() :: distributed.world_size()]:
        batch = batch.to(training.device)
        with autocast(training):
            nats = model.nats(batch.inputs, batch.targets, batch.source)
        total += nats.double().sum().item()
        count += batch.target_count
    total, count = distributed.all_reduce(total, count)
    return total / count


def _resume(folder: Path, model: Model, optimizer: torch.optim.Optimizer) -> TrainingState:
    try:
        state = checkpoint.read(folder, model, optimizer)
        message = state and f"resuming from step {state.step} in {folder}"
    except CheckpointError as error:
        state, message = None, f"{error}; starting from step 0"
    if message and distributed.rank() == 0:
        print(message, file=sys.stderr)
    return state or TrainingState(0, {}, [], [])


def curve_row(
    model: Model, batches: Batches, training: Training, state: TrainingState
) -> dict[str, float | int]:
    """Return a row of the curve after `state.step`, of the updates since the last; see `train`.

    Raises PipelineError if the validation loss is not finite.
    """
    losses, padding, positions = zip(*state.updates, strict=True)
    validation = validation_loss(model, batches, training)
    if not math.isfinite(validation):
        raise PipelineError(f"the validation loss is {validation} after step {state.step}")
    return {
        "step": state.step,
        "learning_rate": learning_rate(state.step, training),
        "train_loss": math.fsum(losses) / len(losses),
        "validation_loss": validation,
        "padding": sum(padding) / sum(positions),
    }


def _note(curve: list[dict[str, float | int]]) -> str:
    return f"validation {curve[-1]['validation_loss']:.4f} nats" if curve else ""


def _interrupted(title: str, step: int, saved: int) -> str:
    if not saved:
        return f"{title}: interrupted after step {step}, no checkpoint yet"
    return (
        f"{title}: interrupted after step {step}; the same command resumes from the checkpoint of "
        f"step {saved}"
    )
