"""What is measured beside peers: the translation run of the default scale, which has to exist."""

import sys
from functools import cache
from pathlib import Path

from torch import nn

from models import store
from models.settings import DataShape
from models.shared.base import AutoregressiveModel
from pipeline import config
from pipeline.files import read_json
from pipeline.settings.run import Run

RUN = "translation_sinusoid"


@cache
def run() -> Run:
    """The run's settings."""
    return config.run_of(config.load(), RUN)


def encoded() -> Path:
    """The folder of its encoded sentences."""
    return _present(Path("data/encoded") / run().dataset)


def shape() -> DataShape:
    """The shape of its data."""
    return DataShape.model_validate(read_json(encoded() / "manifest.json")["shape"])


def trained() -> AutoregressiveModel:
    """Its trained network."""
    try:
        return store.load(_present(Path("runs") / RUN / "model"))
    except ValueError as error:
        sys.exit(f"error: {error}")


def parameters(network: nn.Module) -> int:
    """The number of weights; shared ones count once."""
    return sum(weights.numel() for weights in network.parameters())


def _present(folder: Path) -> Path:
    if not folder.exists():
        sys.exit(f"error: {folder}: no such folder; run make repro first")
    return folder
