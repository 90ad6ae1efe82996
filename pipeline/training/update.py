"""One optimizer update: gradient of the mean loss, clipping, optimizer step."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import nn

from pipeline.errors import PipelineError
from pipeline.settings.training import Precision, Training
from pipeline.training import distributed
from pipeline.training.batches import Batch, Batches
from pipeline.training.schedules import learning_rate


class Update(NamedTuple):
    """Loss and padding of an update, for the next row of the curve."""

    loss: float  # mean nats per target
    padding: int  # padding positions of its batches
    positions: int  # all positions of its batches


def update(
    network: nn.Module,
    optimizer: torch.optim.Optimizer,
    batches: Batches,
    training: Training,
    step: int,
) -> Update:
    """Update `network` with the gradient of the mean loss over all targets of a step's batches.

    A step has `accumulate_batches` batches; each process computes its share. Raises PipelineError
    if the loss or its gradient norm is not finite.
    """
    network.train()
    torch.manual_seed(_seed(training.seed, step, distributed.rank()))
    count = training.accumulate_batches
    numbers = range((step - 1) * count + 1, step * count + 1)
    step_batches = [batches.batch(number) for number in numbers]
    optimizer.zero_grad()
    loss = backward(network, step_batches, training)
    norm = nn.utils.clip_grad_norm_(network.parameters(), training.gradient_clip or math.inf)
    if not math.isfinite(loss) or not math.isfinite(norm):
        records = ", ".join(str(index) for number in numbers for index in batches.records(number))
        raise PipelineError(
            f"the training loss is {loss} and its gradient has norm {norm.item()} at step {step}, "
            f"on the training records {records}; lower training.learning_rate or set "
            "training.gradient_clip"
        )
    for group in optimizer.param_groups:
        group["lr"] = learning_rate(step, training)
    optimizer.step()
    padding, positions = zip(*(batch.padding for batch in step_batches), strict=True)
    return Update(loss, sum(padding), sum(positions))


def backward(network: nn.Module, step_batches: list[Batch], training: Training) -> float:
    """Accumulate the gradient of the mean loss over all targets of the batches; return the loss."""
    targets = sum(batch.target_count for batch in step_batches)
    loss = torch.zeros((), device=training.device)
    for index, batch in enumerate(step_batches, start=1):
        part, count = distributed.share(batch)
        part = part.to(training.device)
        with distributed.gradient_sync(network, enabled=index == len(step_batches)):
            with autocast(training):
                mean = network(part.inputs, part.targets, part.source)
            term = mean * (count / targets)
            (term * distributed.world_size()).backward()  # the all-reduce averages
        loss = loss + term.detach()
    return distributed.all_reduce(loss.item())[0]


def autocast(training: Training) -> torch.autocast:
    """Autocast matrix products to the precision of the run; sums and the loss stay float32."""
    return torch.autocast(
        training.device, torch.bfloat16, enabled=training.precision is Precision.BFLOAT16
    )


def _seed(seed: int, step: int, rank: int) -> int:
    """Seed dropout by step and rank, so that a resumed training uses the same random numbers.

    Hashed, because the CPU's generator only uses the low 32 bits of a seed.
    """
    return int(np.random.SeedSequence([seed, step, rank]).generate_state(1)[0])
