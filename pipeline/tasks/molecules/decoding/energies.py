"""Energies of molecules under a network."""

import numpy as np
import torch

from models.shared.base import Model
from pipeline.tasks.molecules.batches import Graphs


@torch.no_grad()
def energies_of(model: Model, graphs: Graphs, batch_molecules: int) -> np.ndarray:
    """Return the energies (molecule,) in kcal/mol that `model` gives the molecules of a split."""
    device = next(model.parameters()).device
    outputs = []
    for batch in graphs.batches(batch_molecules):
        batch = batch.to(device)
        outputs.append(model.head.location(model(batch.inputs, batch.source))[:, 0].cpu())
    return graphs.reference.energies(torch.cat(outputs).double().numpy(), graphs.atoms)
