"""What a training costs, before there is data: an update on random ids is timed."""

import time

import torch

from models.build import build
from models.settings import (
    DataShape,
    GraphLayout,
    ImageLayout,
    Layout,
    PassageLayout,
    Structure,
)
from pipeline.determinism import compute_deterministically
from pipeline.settings.run import Run
from pipeline.training.batches import Batch

_SENTENCE = 30  # ids of a sentence: an assumption
_PASSAGE = 60  # of a passage: another one
_GRAPH = 20  # nodes of a graph: a third
_UPDATES = 3  # after a first one, which is slower


def seconds_of_update(run: Run, layout: Layout, ids: int) -> float:
    """Return the time of an update of `run` with a vocabulary of `ids`, without the optimizer's."""
    training = run.training
    compute_deterministically(training.threads, training.numerics)
    model = build(run.model, DataShape(inputs=ids + 1, outputs=ids, layout=layout))
    batch = _random_batch(run, layout, ids)
    times = []
    for _ in range(1 + _UPDATES):
        started = time.perf_counter()
        for _ in range(training.accumulate_batches):
            model.nats(batch.inputs, batch.targets, batch.source).mean().backward()
        times.append(time.perf_counter() - started)
    return min(times[1:])


def _random_batch(run: Run, layout: Layout, ids: int) -> Batch:
    """Return a batch of random ids of about the size of those in a training of `run`."""
    tokens = run.training.batch_tokens
    match layout:
        case GraphLayout(labels=labels):
            size = (max(1, tokens // _GRAPH), _GRAPH)
            edges = torch.randint(1, labels, (*size, _GRAPH))
            return Batch(torch.randint(1, ids, size), torch.randn(size[0], 1), edges)
        case PassageLayout(classes=classes):
            size = (max(1, tokens // _PASSAGE), _PASSAGE)
            return Batch(torch.randint(1, ids, size), torch.randint(classes, (size[0], 1)))
        case ImageLayout(height=height, width=width, channels=channels):
            length = height * width * channels
        case _:
            length = run.training.crop or _SENTENCE
    sequences = torch.randint(ids, (max(1, tokens // length), length))
    has_source = run.model.structure is Structure.ENCODER_DECODER
    return Batch(sequences, sequences, sequences if has_source else None)
