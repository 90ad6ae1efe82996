"""Small networks of the families that the lecture measures against."""

import torch
from models.network import build
from torch import nn

from models.settings import (
    AnyModelSettings,
    Architecture,
    ConvEncoderDecoderSettings,
    DataShape,
    LstmDecoderSettings,
    LstmEncoderDecoderSettings,
    PixelCnnSettings,
)
from tests.models.networks import IMAGE, TEXT

LSTM_TRANSLATOR = LstmEncoderDecoderSettings(
    architecture=Architecture.LSTM_ENCODER_DECODER, num_layers=3, d_model=8, dropout=0.0
)
CONV_TRANSLATOR = ConvEncoderDecoderSettings(
    architecture=Architecture.CONV_ENCODER_DECODER,
    num_layers=2,
    d_model=8,
    kernel_size=3,
    dropout=0.0,
)
LSTM = LstmDecoderSettings(
    architecture=Architecture.LSTM_DECODER, num_layers=2, d_model=8, dropout=0.0
)
PIXELCNN = PixelCnnSettings(
    architecture=Architecture.PIXELCNN,
    num_layers=3,
    d_model=6,
    first_kernel_size=5,
    kernel_size=3,
    dropout=0.0,
)
TRANSLATORS = {"lstm": LSTM_TRANSLATOR, "convolution": CONV_TRANSLATOR}
DECODERS = {"lstm": LSTM, "pixelcnn": PIXELCNN}
ALL = [*TRANSLATORS.values(), *DECODERS.values()]


def changed(settings: AnyModelSettings, **changes: int | float) -> AnyModelSettings:
    """The same settings but for `changes`."""
    return type(settings)(**(dict(settings) | changes))


def network(settings: AnyModelSettings, shape: DataShape | None = None, seed: int = 0) -> nn.Module:
    """A network in float64, with weights that are all random; for texts, or else for images."""
    torch.manual_seed(seed)
    usual = TEXT if settings in TRANSLATORS.values() else IMAGE
    model = build(settings, shape or usual).double().eval()
    for parameter in model.parameters():
        if parameter.dim() == 1:  # biases too, or an error in them would not show
            nn.init.normal_(parameter, std=0.3)
    return model
