"""Small networks of the families that the lecture measures against."""

import torch
from torch import nn

from models.build import build
from models.settings import (
    ClassAndNextId,
    ClassSoftmax,
    ConvS2SSettings,
    DataShape,
    Directions,
    GatedSum,
    GgnnSettings,
    GruSettings,
    LastState,
    LstmEncoderSettings,
    LstmSettings,
    MaxPooling,
    ModelSettings,
    PixelCnnSettings,
    RowLstmSettings,
    SelfAttentive,
    Set2Set,
    Structure,
)
from models.shared.base import AutoregressiveModel
from tests.models.networks import GRAPH, IMAGE, NONE, PASSAGE, SINUSOID, TEXT

LSTM_TRANSLATOR = LstmSettings(
    architecture="lstm",
    structure=Structure.ENCODER_DECODER,
    num_layers=3,
    d_model=8,
    positions=NONE,
    dropout=0.0,
)
GRU_TRANSLATOR = GruSettings(**(dict(LSTM_TRANSLATOR) | {"architecture": "gru"}))
CONVS2S = ConvS2SSettings(
    architecture="convs2s",
    num_layers=2,
    d_model=8,
    kernel_size=3,
    positions=SINUSOID,
    dropout=0.0,
)
LSTM = LstmSettings(
    architecture="lstm",
    structure=Structure.DECODER,
    num_layers=2,
    d_model=8,
    positions=NONE,
    dropout=0.0,
)
GRU = GruSettings(**(dict(LSTM) | {"architecture": "gru"}))
LAST = LastState(kind="last")
MAX = MaxPooling(kind="max")
HOPS = SelfAttentive(kind="self_attentive", hops=3, width=5, penalty=0.5)
LSTM_ENCODER = LstmEncoderSettings(
    architecture="lstm",
    structure=Structure.ENCODER,
    num_layers=2,
    d_model=8,
    directions=Directions.BOTH,
    pooling=MAX,
    positions=NONE,
    dropout=0.0,
)
PIXELCNN = PixelCnnSettings(
    architecture="pixelcnn",
    num_layers=3,
    d_model=6,
    first_kernel_size=5,
    kernel_size=3,
    positions=NONE,
    dropout=0.0,
)
ROW_LSTM = RowLstmSettings(
    architecture="row_lstm",
    num_layers=2,
    d_model=12,
    first_kernel_size=5,
    kernel_size=3,
    positions=NONE,
    dropout=0.0,
)
GATED_SUM = GatedSum(kind="gated_sum")
SET2SET = Set2Set(kind="set2set", steps=3)
GGNN = GgnnSettings(
    architecture="ggnn",
    num_steps=3,
    d_model=8,
    towers=2,
    readout=GATED_SUM,
    positions=NONE,
    dropout=0.0,
)
TRANSLATORS = {"lstm": LSTM_TRANSLATOR, "gru": GRU_TRANSLATOR, "convs2s": CONVS2S}
USUAL = {Structure.ENCODER_DECODER: TEXT, Structure.DECODER: IMAGE, Structure.ENCODER: GRAPH}


def usual_shape(settings: ModelSettings) -> DataShape:
    """The shape of the data of a structure, or of passages if it is classes that are predicted."""
    of_class = isinstance(getattr(settings, "output", None), ClassSoftmax | ClassAndNextId)
    return PASSAGE if of_class else USUAL[settings.structure]


DECODERS = {"lstm": LSTM, "gru": GRU, "pixelcnn": PIXELCNN, "row_lstm": ROW_LSTM}


def changed(settings: ModelSettings, **changes: object) -> ModelSettings:
    """The same settings but for `changes`, validated."""
    return type(settings)(**(dict(settings) | changes))


def network(
    settings: ModelSettings, shape: DataShape | None = None, seed: int = 0
) -> AutoregressiveModel:
    """A network in float64, with weights that are all random; for the data of its structure."""
    torch.manual_seed(seed)
    model = build(settings, shape or usual_shape(settings)).double().eval()
    for parameter in model.parameters():
        if parameter.dim() == 1:  # biases too, or an error in them would not show
            nn.init.normal_(parameter, std=0.3)
    return model
