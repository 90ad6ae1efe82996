"""Updates the weights of any network on any batches; knows no task."""

import math
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from pipeline.config import Training
from pipeline.console import Progress
from pipeline.determinism import compute_reproducibly
from pipeline.errors import PipelineError
from pipeline.memory import keep_freed_memory
from pipeline.training import checkpoint
from pipeline.training.batches import Batch, Batches
from pipeline.training.checkpoint import Progression
from pipeline.training.loss import IGNORED, smoothed_cross_entropy, token_nats
from pipeline.training.schedule import learning_rate


def prepare(training: Training) -> None:
    """Fix what decides the bits of the result beside the data: threads, kernels, first seed."""
    keep_freed_memory()
    compute_reproducibly(training.threads)
    torch.manual_seed(training.seed)


def train(
    model: nn.Module, batches: Batches, training: Training, folder: Path, title: str
) -> list[dict[str, float | int]]:
    """Train `model`, leave the average of its last checkpoints in it, and return the curve.

    Checkpoints lie in `folder`; if there is one, training goes on from it and ends with the same
    weights as a training that was never interrupted. A row of the curve holds step, learning_rate,
    train_loss and validation_loss (mean nats per token; the training one with label smoothing).
    Raises PipelineError if the loss is not finite.
    """
    optimizer = torch.optim.Adam(
        model.parameters(),
        betas=(training.adam_beta1, training.adam_beta2),
        eps=training.adam_epsilon,
        fused=True,
    )
    state = _resume(folder, model, optimizer)
    progress = Progress(title, training.steps, state.step)
    for step in range(state.step + 1, training.steps + 1):
        state.losses.append(_update(model, optimizer, batches, training, step))
        state.step = step
        if _is_averaged(step, training):
            _add_to_average(state.average, model)
        if step % training.validate_every == 0 or step == training.steps:
            state.curve.append(_curve_row(model, batches, training, state))
            state.losses = []
        if step % training.checkpoint_every == 0 and step < training.steps:
            checkpoint.write(folder, model, optimizer, state)
        progress.update(step, _note(state.curve))
    mean = {name: total / training.average_checkpoints for name, total in state.average.items()}
    model.load_state_dict(mean)
    return state.curve


@torch.no_grad()
def validation_loss(model: nn.Module, batches: Batches, device: str) -> float:
    """Mean nats per target of the validation split, without dropout and label smoothing."""
    model.eval()
    total, count = 0.0, 0
    for batch in batches.validation():
        batch = batch.to(device)
        total += token_nats(_logits(model, batch), batch.targets).double().sum().item()
        count += int((batch.targets != IGNORED).sum())
    return total / count


def _update(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    training: Training,
    step: int,
) -> float:
    """One optimizer update; returns the batch's loss."""
    model.train()
    # Dropout follows from (seed, step), so that a resumed training draws the same. The two are
    # hashed because the CPU's generator reads the low 32 bits of a seed alone.
    torch.manual_seed(int(np.random.SeedSequence([training.seed, step]).generate_state(1)[0]))
    batch = batches.batch(step).to(training.device)
    loss = smoothed_cross_entropy(_logits(model, batch), batch.targets, training.label_smoothing)
    if not math.isfinite(loss.item()):
        raise PipelineError(
            f"the training loss is {loss.item()} at step {step}; lower training.learning_rate or "
            "set training.gradient_clip"
        )
    optimizer.zero_grad()
    loss.backward()
    if training.gradient_clip is not None:
        nn.utils.clip_grad_norm_(model.parameters(), training.gradient_clip)
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step, training.learning_rate, training.warmup_steps)
    optimizer.step()
    return loss.item()


def _logits(model: nn.Module, batch: Batch) -> Tensor:
    return model(batch.inputs) if batch.source is None else model(batch.inputs, batch.source)


def _resume(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> Progression:
    state = checkpoint.read(folder, model, optimizer)
    if state is None:
        return Progression(0, {}, [], [])
    print(f"going on from step {state.step} in {folder}", file=sys.stderr)
    return state


def _is_averaged(step: int, training: Training) -> bool:
    back = training.steps - step
    return (
        back % training.average_every == 0
        and back // training.average_every < training.average_checkpoints
    )


def _add_to_average(average: dict[str, Tensor], model: nn.Module) -> None:
    for name, tensor in model.state_dict().items():
        average[name] = average[name] + tensor if name in average else tensor.clone()


def _curve_row(
    model: nn.Module, batches: Batches, training: Training, state: Progression
) -> dict[str, float | int]:
    rate = learning_rate(state.step, training.learning_rate, training.warmup_steps)
    return {
        "step": state.step,
        "learning_rate": rate,
        "train_loss": math.fsum(state.losses) / len(state.losses),
        "validation_loss": validation_loss(model, batches, training.device),
    }


def _note(curve: list[dict[str, float | int]]) -> str:
    return f"validation {curve[-1]['validation_loss']:.4f} nats" if curve else ""
