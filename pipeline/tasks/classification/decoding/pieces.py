"""What a network that was pre-trained predicts for each piece of passages."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import torch

from models.shared.base import Model
from models.shared.heads import IGNORED
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.settings import Target, target_of
from pipeline.training.batches import Batch

GUESSES = 3  # of each piece
EVERY = 7  # pieces are hidden in turn, every seventh at once: about as many as in training


class Predicted(NamedTuple):
    """The predictions for the pieces of a passage, and for its end if that is predicted."""

    actual: np.ndarray  # ids (piece,)
    nats: np.ndarray  # -ln p of these (piece,)
    likeliest: np.ndarray  # ids (piece, rank), the likeliest first
    probabilities: np.ndarray  # of these (piece, rank)


def predict(model: Model, passages: Passages, batch_passages: int, ranks: int) -> list[Predicted]:
    """Return the predictions for each passage, with the `ranks` likeliest pieces.

    Each piece is predicted once: from those before it, or hidden from a network that was trained so
    together with every seventh.
    """
    found = []
    for first in range(0, len(passages), batch_passages):
        indexes = passages.indexes(first, batch_passages)
        found += _of_passages(model, list(_batches(model, passages, indexes)), ranks)
    return found


def _batches(model: Model, passages: Passages, indexes: np.ndarray) -> Iterator[Batch]:
    if target_of(model.settings) is Target.NEXT_PIECE:
        yield passages.next_pieces(indexes)
        return
    for first in range(EVERY):
        yield passages.hidden_in_turn(indexes, first, EVERY)


@torch.no_grad()
def _of_passages(model: Model, batches: Sequence[Batch], ranks: int) -> list[Predicted]:
    """Join the predictions of batches with the same passages, of which each predicts some."""
    shape = batches[0].targets.shape
    actual = np.full(shape, IGNORED)
    nats = np.zeros(shape)
    likeliest, probabilities = np.zeros((*shape, ranks), np.int64), np.zeros((*shape, ranks))
    device = next(model.parameters()).device
    for batch in batches:
        at = batch.targets != IGNORED
        targets = batch.targets[at]
        logits = model.head.next_logits(model(batch.inputs.to(device))[at.to(device)])
        logs = logits.double().log_softmax(dim=-1).cpu()
        best = logs.topk(ranks, dim=-1)
        where = at.numpy()
        actual[where] = targets.numpy()
        nats[where] = -logs.gather(1, targets[:, None])[:, 0].numpy()
        likeliest[where], probabilities[where] = best.indices.numpy(), best.values.exp().numpy()
    counted = actual != IGNORED
    columns = (actual, nats, likeliest, probabilities)
    return [
        Predicted(*(column[row][counted[row]] for column in columns)) for row in range(len(actual))
    ]
