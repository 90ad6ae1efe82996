"""Harmonisation: voices that are given are kept, and those that are silent are composed."""

import numpy as np
import torch

from models.shared.base import AutoregressiveModel
from pipeline.console import Progress
from pipeline.decoding.fill import Fill
from pipeline.decoding.sampling import TO_SAMPLE
from pipeline.errors import ConfigError
from pipeline.settings.base import Sampling
from pipeline.tasks.music.codec import grid, is_grid


def harmonise(
    model: AutoregressiveModel, ids: np.ndarray, count: int, sampling: Sampling, fill: Fill
) -> np.ndarray:
    """Compose the silent voices of a piece, ids (1 + token,), `count` times: (piece, 1 + token).

    A note is sampled given all 16ths before its own and the higher voices of its own, so it does
    not know how the given voices go on. Raises ConfigError if the network is none of voices, or if
    no voice or every voice is silent.
    """
    if not is_grid(model.shape):
        raise ConfigError("--harmonise needs a network of four voices; choose a run on chorales")
    template = template_of(ids)
    progress = Progress("sampling", len(template) - 1)
    device = next(model.parameters()).device
    rows = torch.from_numpy(template).to(device).repeat(count, 1)
    return fill(model, rows, sampling, progress).cpu().numpy()


def template_of(ids: np.ndarray) -> np.ndarray:
    """Return ids (1 + token,) with TO_SAMPLE in all voices that are silent throughout."""
    voices = grid.from_ids(ids).astype(np.int64)
    silent = (voices == grid.SILENCE).all(axis=0)
    if silent.all() or not silent.any():
        what = "no voice" if silent.all() else "every voice"
        raise ConfigError(
            f"--harmonise: {what} of the file has notes; give a file in which some voices of "
            f"{', '.join(grid.VOICES)} have some"
        )
    voices[:, silent] = TO_SAMPLE
    return np.concatenate([[grid.START], voices.reshape(-1)])
