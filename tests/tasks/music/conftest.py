"""The real chorales, downloaded once in a session."""

from pathlib import Path

import pytest

from pipeline import config, sources
from pipeline.tasks.music.settings import MusicDataset

PARAMS = Path(__file__).parents[3] / "params.yaml"


@pytest.fixture(scope="session")
def chorales() -> MusicDataset:
    """The entry of params.yaml."""
    return config.dataset_of(config.load(PARAMS), "chorales")


@pytest.fixture(scope="session")
def chorales_raw(chorales: MusicDataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw folder of the chorales; without a network the tests that ask for it fail."""
    folder = tmp_path_factory.mktemp("chorales")
    sources.fetch(chorales.source, folder)
    return folder
