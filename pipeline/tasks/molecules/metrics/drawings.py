"""Molecules as the page draws them: flat, with their bonds and the attention of each head."""

from itertools import product
from math import cos, sin
from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.shared.base import Model
from pipeline.corpus import read_sequences
from pipeline.files import read_json
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.codec import COORDINATES, FIRST_BIN, FIRST_BOND

TILTS = (0, -10, 10, -20, 20, -30, 30)  # degrees
_PER_MILLE = 1000  # unit of the weights
_DIGITS = 2  # of angstroms


@torch.no_grad()
def drawings(
    model: Model, encoded: Path, graphs: Graphs, estimates: np.ndarray, count: int
) -> dict[str, Any]:
    """Describe `count` test molecules, from all of the split, and what each head attends to.

    `weights` (layer, head, query, key) are in per mille, empty for a network without attention;
    `labels` (query, key) index `names`; `places` (atom, 2) are in angstroms.
    """
    manifest = read_json(encoded / "manifest.json")
    molecules = read_json(encoded / "test.molecules.json")
    coordinates = read_sequences(encoded, "test", COORDINATES)
    device = next(model.parameters()).device
    described = []
    for index in np.linspace(0, len(molecules) - 1, min(count, len(molecules)), dtype=int):
        batch = graphs.batch(np.array([index])).to(device)
        internals = model.internals(batch.inputs, batch.source)
        layers = [] if internals is None else internals.encoder_attention
        labels = batch.source[0].cpu().numpy()
        described.append(
            {
                **molecules[index],
                "energy": round(float(graphs.energies[index]), _DIGITS),
                "estimate": round(float(estimates[index]), _DIGITS),
                "atoms": [manifest["elements"][atom - 1] for atom in graphs.atoms[index]],
                "places": flat(coordinates[index].reshape(-1, 3)).tolist(),
                "bonds": _bonds(labels),
                "labels": labels.tolist(),
                "weights": [
                    (weights[0].double() * _PER_MILLE).round().int().tolist() for weights in layers
                ],
            }
        )
    return {"names": manifest["labels"], "molecules": described}


def flat(coordinates: np.ndarray) -> np.ndarray:
    """Project coordinates (atom, 3) to a plane (atom, 2): that of the largest spread, tilted.

    Of the TILTS about both of its axes it takes those whose nearest atoms are the farthest apart,
    as no atom shall hide another. The signs of the axes make each one's largest component positive.
    """
    centred = coordinates.astype(np.float64) - coordinates.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1]  # eigenvalues ascend
    largest = np.abs(axes).argmax(axis=0)
    axes = axes * np.sign(axes[largest, range(3)])
    along, across, up = (centred @ axes).round(_DIGITS).T
    views = [
        np.stack([along * cos(a) + up * sin(a), across * cos(b) + up * sin(b)], axis=-1)
        for a, b in product(np.radians(TILTS), repeat=2)
    ]
    best = max(views, key=lambda view: round(_nearest(view), _DIGITS))  # of equal ones the first
    return best.round(_DIGITS) + 0.0  # no -0.0


def _nearest(places: np.ndarray) -> float:
    """Return the smallest distance of two of `places` (atom, 2); infinity of a single one."""
    apart = np.hypot(*(places[:, None] - places[None, :]).transpose(2, 0, 1))
    return float((apart + np.diag(np.full(len(places), np.inf))).min())


def _bonds(labels: np.ndarray) -> list[list[int]]:
    """List the bonds once each: atom, later atom, and the index of the kind."""
    bonded = (labels >= FIRST_BOND) & (labels < FIRST_BIN)
    pairs = np.argwhere(np.triu(bonded))
    return [[int(i), int(j), int(labels[i, j]) - FIRST_BOND] for i, j in pairs]
