"""A made-up scale, written once."""

import shutil
from pathlib import Path

import pytest

from pipeline import config
from pipeline.config import Params
from tests.reporting.scale import write_scale


@pytest.fixture(scope="session")
def made_up_scale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scale")
    write_scale(folder)
    return folder


@pytest.fixture
def scale(made_up_scale: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """A copy that the test may damage, as the current folder."""
    folder = tmp_path / "scale"
    shutil.copytree(made_up_scale, folder)
    monkeypatch.chdir(folder)
    return config.load()
