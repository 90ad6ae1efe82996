"""Molecules as the page draws them: flat, with their bonds and the attention of each head."""

from pathlib import Path
from typing import Any

import numpy as np
import torch

from models.shared.base import Model
from pipeline.corpus import read_sequences
from pipeline.files import read_json
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.codec import COORDINATES, FIRST_BIN, FIRST_BOND

_PER_MILLE = 1000  # unit of the weights
_DIGITS = 2  # of angstroms


@torch.no_grad()
def drawings(
    model: Model, encoded: Path, graphs: Graphs, estimates: np.ndarray, count: int
) -> dict[str, Any]:
    """Describe the first `count` test molecules and what each head attends to.

    `weights` (layer, head, query, key) are in per mille, empty for a network without attention;
    `labels` (query, key) index `names`; `places` (atom, 2) are in angstroms.
    """
    manifest = read_json(encoded / "manifest.json")
    molecules = read_json(encoded / "test.molecules.json")[:count]
    coordinates = read_sequences(encoded, "test", COORDINATES)
    device = next(model.parameters()).device
    described = []
    for index, molecule in enumerate(molecules):
        batch = graphs.batch(np.array([index])).to(device)
        internals = model.internals(batch.inputs, batch.source)
        layers = [] if internals is None else internals.encoder_attention
        labels = batch.source[0].cpu().numpy()
        described.append(
            {
                **molecule,
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
    """Project coordinates (atom, 3) to the plane (atom, 2) in which they spread most.

    The signs of the axes are those that make each one's largest component positive.
    """
    centred = coordinates.astype(np.float64) - coordinates.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    plane = axes[:, :0:-1]  # eigenvalues ascend
    largest = np.abs(plane).argmax(axis=0)
    plane = plane * np.sign(plane[largest, [0, 1]])
    return (centred @ plane).round(_DIGITS) + 0.0  # no -0.0


def _bonds(labels: np.ndarray) -> list[list[int]]:
    """List the bonds once each: atom, later atom, and the index of the kind."""
    bonded = (labels >= FIRST_BOND) & (labels < FIRST_BIN)
    pairs = np.argwhere(np.triu(bonded))
    return [[int(i), int(j), int(labels[i, j]) - FIRST_BOND] for i, j in pairs]
