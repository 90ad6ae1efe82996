"""What a training costs, before there is data: an update on random ids is timed."""

import time

import torch

from models.build import build
from models.settings import DataShape, ImageLayout, Layout, Structure
from pipeline.determinism import compute_deterministically
from pipeline.settings.run import Run

_SENTENCE = 30  # ids of a sentence: an assumption
_UPDATES = 3  # after a first one, which is slower


def seconds_of_update(run: Run, layout: Layout, ids: int) -> float:
    """Return the time of an update of `run` with a vocabulary of `ids`, without the optimizer's."""
    training = run.training
    compute_deterministically(training.threads, training.numerics)
    model = build(run.model, DataShape(inputs=ids + 1, outputs=ids, layout=layout))
    length = training.crop or _SENTENCE
    if isinstance(layout, ImageLayout):
        length = layout.height * layout.width * layout.channels
    batch = torch.randint(ids, (max(1, training.batch_tokens // length), length))
    has_source = run.model.structure is Structure.ENCODER_DECODER
    times = []
    for _ in range(1 + _UPDATES):
        started = time.perf_counter()
        for _ in range(training.accumulate_batches):
            model.nats(batch, batch, batch if has_source else None).mean().backward()
        times.append(time.perf_counter() - started)
    return min(times[1:])
