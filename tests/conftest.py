"""The process as a stage has it, one thread, patient deadlines, and data and results, made once."""

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from models.settings import Numerics
from models.shared.numerics import set_environment
from pipeline import config, sources
from pipeline.config import Params
from pipeline.process import prepare

# All of it is of use only before what the tests import.
prepare()
set_environment(Numerics.REPRODUCIBLE)
os.environ["OMP_NUM_THREADS"] = "1"

# A busy machine is no failure.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

PARAMS = Path(__file__).parents[1] / "params.yaml"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest file first: `make test` gives it one core and the other files the other."""
    items.sort(key=lambda item: item.path.name != "test_pipeline.py")


@pytest.fixture(autouse=True)
def _reproducible_numerics() -> None:
    """Every test begins with the numerics of the default scale, whatever one before it chose."""
    from models.shared import products

    products.select(Numerics.REPRODUCIBLE)


@pytest.fixture(scope="session")
def home_assistant_raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The raw folder of Home Assistant's messages; without a network the tests that ask fail."""
    from pipeline import config

    folder = tmp_path_factory.mktemp("home_assistant")
    sources.fetch(config.dataset_of(config.load(PARAMS), "home_assistant").source, folder)
    return folder


@pytest.fixture(scope="session")
def made_up_scale(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results of a made-up scale."""
    from tests.reporting.scale import write_scale  # which few tests need

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
