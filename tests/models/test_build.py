import subprocess
import sys
from pathlib import Path

import pytest

from models.build import build
from models.settings import Embeddings, Structure
from models.shared.base import AutoregressiveModel, Model
from models.transformer.decoder import Decoder
from models.transformer.encoder import Encoder
from models.transformer.encoder_decoder import EncoderDecoder
from models.transformer.pixel_decoder import PixelDecoder
from tests.models.architectures import ALL, AUTOREGRESSIVE
from tests.models.baselines import CONVS2S, GGNN, LSTM, LSTM_TRANSLATOR, PIXELCNN
from tests.models.networks import (
    COLOUR,
    EDGES,
    GRAPH,
    IMAGE,
    LOCAL_2D,
    MIXTURE,
    SINUSOID_2D,
    TEXT,
    settings,
)

ROOT = Path(__file__).parents[2]
ARCHITECTURES = {"transformer", "lstm", "gru", "convs2s", "pixelcnn", "row_lstm", "ggnn"}
BUILD = """
import sys
from models.build import build
from models.settings import DataShape, ModelSettings
from pydantic import TypeAdapter
settings = TypeAdapter(ModelSettings).validate_json(sys.argv[1])
build(settings, DataShape.model_validate_json(sys.argv[2]))
print(*sys.modules)
"""


def _modules(program: str, *arguments: str) -> set[str]:
    """The modules that are loaded at the end of a program that prints them."""
    command = [sys.executable, "-c", program, *arguments]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return set(ran.stdout.split())


def test_settings_need_no_torch():
    loaded = _modules("import sys, models.settings, models.shared.order; print(*sys.modules)")
    assert "models.settings.fit" in loaded
    assert not {"torch", "numpy"} & loaded


@pytest.mark.parametrize(
    ("model", "shape"),
    [
        (settings(Structure.DECODER, SINUSOID_2D, LOCAL_2D), IMAGE),
        (LSTM_TRANSLATOR, TEXT),
        (LSTM, TEXT),
        (CONVS2S, TEXT),
        (PIXELCNN, IMAGE),
        (GGNN, GRAPH),
    ],
    ids=["transformer", "lstm_translation", "lstm", "convs2s", "pixelcnn", "ggnn"],
)
def test_only_the_architecture_that_is_built_and_its_positions_are_loaded(model, shape):
    loaded = _modules(BUILD, model.model_dump_json(), shape.model_dump_json())
    packages = {name.split(".")[1] for name in loaded if name.startswith("models.")}
    assert packages & ARCHITECTURES == {model.architecture}
    kinds = {name.split(".")[2] for name in loaded if name.startswith("models.positions.")}
    expected = {"sinusoid_2d"} if model.architecture == "transformer" else set()
    assert kinds == expected


def test_every_architecture_has_its_package():
    packages = {path.parent.name for path in (ROOT / "models").glob("*/network.py")}
    assert packages == ARCHITECTURES
    assert {make().settings.architecture for make in ALL.values()} == ARCHITECTURES


def test_a_transformer_is_of_its_structure_and_output():
    translating = settings(Structure.ENCODER_DECODER)
    assert type(build(translating, TEXT)) is EncoderDecoder
    assert type(build(settings(Structure.DECODER), TEXT)) is Decoder
    pixels = settings(Structure.DECODER, SINUSOID_2D, LOCAL_2D, output=MIXTURE)
    assert type(build(pixels, COLOUR)) is PixelDecoder
    assert type(build(settings(Structure.ENCODER, EDGES), GRAPH)) is Encoder


@pytest.mark.parametrize("name", ALL)
def test_a_network_keeps_its_settings_and_its_shape(name):
    model = ALL[name]()
    assert isinstance(model, Model)
    assert isinstance(model, AutoregressiveModel) is (name in AUTOREGRESSIVE)
    again = build(model.settings, model.shape)
    assert (again.settings, again.shape) == (model.settings, model.shape)
    assert again.state_dict().keys() == model.state_dict().keys()


def test_what_does_not_fit_the_data_is_refused():
    with pytest.raises(ValueError, match="architecture = pixelcnn is defined for images only"):
        build(PIXELCNN, TEXT)
    reducing = settings(
        Structure.ENCODER_DECODER, super_resolution=4, embeddings=Embeddings.SEPARATE
    )
    with pytest.raises(ValueError, match="super_resolution = 4 does not divide images of 4 x 6"):
        build(reducing, IMAGE)
