"""Likelihood of pieces of any length by sliding windows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import torch

from models.shared.base import AutoregressiveModel
from models.shared.heads import IGNORED
from pipeline.training.batches import pad

_BATCH_POSITIONS = 8192  # per batch


class Window(NamedTuple):
    """A window of a piece: inputs (position,), and targets with IGNORED where not scored."""

    piece: int
    start: int  # index of the first target, 0 for the token after START
    inputs: np.ndarray
    targets: np.ndarray


@dataclass(frozen=True)
class Scored:
    """Predictions of the tokens of a piece without START."""

    nats: np.ndarray  # (token,), -log p
    likeliest: np.ndarray  # (token,), ids


def windows(piece: int, ids: np.ndarray, window: int, stride: int) -> Iterator[Window]:
    """Cut ids (1 + token,) so that every token is a scored target of exactly one window.

    The first window scores all its tokens, later ones their `stride` new tokens, given the
    window - stride tokens before. The first input of a window precedes its first target.
    """
    inputs, targets = ids[:-1], ids[1:]
    for start in range(0, max(len(targets) - window, 0) + stride, stride):
        scored = np.array(targets[start : start + window], np.int64)
        if start > 0:
            scored[: window - stride] = IGNORED
        yield Window(piece, start, inputs[start : start + window], scored)


@torch.no_grad()
def score(
    model: AutoregressiveModel, pieces: Sequence[np.ndarray], window: int, stride: int
) -> list[Scored]:
    """Score every token of `pieces`, ids (1 + token,) each, by sliding windows."""
    device = next(model.parameters()).device
    scored = [Scored(np.zeros(len(ids) - 1), np.zeros(len(ids) - 1, np.int64)) for ids in pieces]
    cuts = [cut for piece, ids in enumerate(pieces) for cut in windows(piece, ids, window, stride)]
    batch_size = max(1, _BATCH_POSITIONS // window)
    for first in range(0, len(cuts), batch_size):
        batch = cuts[first : first + batch_size]
        targets = pad([cut.targets for cut in batch], IGNORED)
        hidden = model(pad([cut.inputs for cut in batch], 0).to(device))
        nats = model.head.nats(hidden, targets.to(device)).double().cpu().numpy()
        likeliest = model.head.next_logits(hidden).argmax(dim=-1).cpu().numpy()
        for row, cut in enumerate(batch):
            counted = np.flatnonzero(cut.targets != IGNORED)
            scored[cut.piece].nats[cut.start + counted] = nats[row, counted]
            scored[cut.piece].likeliest[cut.start + counted] = likeliest[row, counted]
    return scored
