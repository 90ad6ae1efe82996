"""What heads attend to: the relations (bonds, distances) that they find."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.shared.base import Model
from pipeline.files import read_json
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.codec import SELF
from pipeline.tasks.molecules.metrics.statistics import ON_RELATION, RELATION_PAIRS

_DIGITS = 6


@dataclass(frozen=True)
class Attention:
    """Attention of a split by molecule.

    `on` (molecule, layer, head, label) sums over the atoms of a molecule how much of their
    attention goes to pairs with each label; `pairs` (molecule, label) is that of equal attention to
    all atoms. `atoms` (molecule,) is the number of atoms.
    """

    on: np.ndarray
    pairs: np.ndarray
    atoms: np.ndarray


@dataclass(frozen=True)
class Relations:
    """What of the attention is reported, and what claims are judged by."""

    metrics: dict[str, Any]
    statistics: dict[str, np.ndarray]  # of the test molecules


def relations(
    model: Model, encoded: Path, batch_molecules: int, validation: Graphs, test: Graphs
) -> Relations:
    """Measure the head and the label that it attends to most, beyond the share of its pairs.

    Both are chosen on the validation split. Nothing for a network without attention.
    """
    seen = attention_by_label(model, validation, batch_molecules)
    if seen is None:
        return Relations({}, {})
    names = read_json(encoded / "manifest.json")["labels"]
    gain = _share(seen.on, seen.atoms) - _share(seen.pairs, seen.atoms)[None, None]
    gain[..., : SELF + 1] = -np.inf  # padding, and an atom itself
    layer, head, label = np.unravel_index(gain.argmax(), gain.shape)
    measured = attention_by_label(model, test, batch_molecules)
    on, pairs = measured.on[:, layer, head, label], measured.pairs[:, label]
    chosen = {"layer": int(layer), "head": int(head), "relation": names[label]}
    shares = {
        "attention": float(on.sum() / measured.atoms.sum()),
        "pairs": float(pairs.sum() / measured.atoms.sum()),
    }
    by_label = _share(measured.on, measured.atoms)
    return Relations(
        {
            "best": chosen | {name: round(share, _DIGITS) for name, share in shares.items()},
            "labels": names,
            "pairs": _share(measured.pairs, measured.atoms).round(_DIGITS).tolist(),
            "heads": by_label.round(_DIGITS).tolist(),
        },
        {ON_RELATION[0]: on, RELATION_PAIRS[0]: pairs, ON_RELATION[1]: measured.atoms},
    )


@torch.no_grad()
def attention_by_label(model: Model, graphs: Graphs, batch_molecules: int) -> Attention | None:
    """Sum the attention of each molecule by label; None for a network without attention."""
    device, labels = next(model.parameters()).device, model.shape.layout.labels
    parts: list[Attention] = []
    for batch in graphs.batches(batch_molecules):
        batch = batch.to(device)
        internals = model.internals(batch.inputs, batch.source)
        if internals is None:
            return None
        one_hot = torch.nn.functional.one_hot(batch.source, labels).double()
        real = (batch.inputs > 0).double()
        layers = [_on(weights.double(), one_hot, real) for weights in internals.encoder_attention]
        atoms = real.sum(dim=1)
        pairs = torch.einsum("bqkl,bq,bk->bl", one_hot, real, real) / atoms[:, None]
        on = torch.stack(layers, dim=1)
        parts.append(Attention(*(each.cpu().numpy() for each in (on, pairs, atoms))))
    return Attention(*(_joined(parts, name) for name in ("on", "pairs", "atoms")))


def _on(weights: torch.Tensor, one_hot: torch.Tensor, real: torch.Tensor) -> torch.Tensor:
    """Sum weights (batch, heads, query, key) of real queries by label: (batch, heads, label)."""
    return torch.einsum("bhqk,bqkl,bq->bhl", weights, one_hot, real)


def _joined(parts: Sequence[Attention], name: str) -> np.ndarray:
    return np.concatenate([getattr(part, name) for part in parts])


def _share(sums: np.ndarray, atoms: np.ndarray) -> np.ndarray:
    """Mean of sums (molecule, ...) over all atoms of a split."""
    return sums.sum(axis=0) / atoms.sum()
