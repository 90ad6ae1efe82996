"""Every family of networks: the one place that tells them apart.

Each offers `forward(inputs[, source])` (all positions at once, for training and likelihood), and
`begin(...)` / `advance(ids, state)` (one position at a time, for decoding) with a state that has
`reorder(rows, sentences_change)`; and `settings` and `shape`, from which it can be built again.
"""

from torch import nn

from models import transformer
from models.convolution import ConvEncoderDecoder
from models.locality import generation_order
from models.lstm import LstmDecoder, LstmEncoderDecoder
from models.pixel_decoder import PixelDecoder
from models.pixelcnn import PixelCnn
from models.settings import (
    AnyModelSettings,
    Architecture,
    DataShape,
    Full,
    LogisticMixture,
    ModelSettings,
)


def build(settings: AnyModelSettings, shape: DataShape) -> nn.Module:
    """The network that `settings` describe, for data of `shape`, with fresh weights.

    Raises ValueError where the two do not fit.
    """
    if mixes_logistics(settings):
        return PixelDecoder(settings, shape)
    match settings.architecture:
        case Architecture.ENCODER_DECODER | Architecture.DECODER:
            return transformer.build(settings, shape)
        case Architecture.LSTM_ENCODER_DECODER:
            return LstmEncoderDecoder(settings, shape)
        case Architecture.LSTM_DECODER:
            return LstmDecoder(settings, shape)
        case Architecture.CONV_ENCODER_DECODER:
            return ConvEncoderDecoder(settings, shape)
        case Architecture.PIXELCNN:
            return PixelCnn(settings, shape)


def pixel_order(settings: AnyModelSettings, shape: DataShape) -> list[int]:
    """The raster index of each intensity of an image, in the order in which a network generates.

    Raster order, where no locality asks for another; the channels of a pixel that is one position
    follow each other. Raises ValueError if the blocks of the locality do not tile the image.
    """
    locality = settings.locality if isinstance(settings, ModelSettings) else Full(kind="full")
    if mixes_logistics(settings):
        pixels = generation_order(locality, shape.height, shape.width)
        channels = range(shape.channels)
        return [pixel * shape.channels + channel for pixel in pixels for channel in channels]
    return generation_order(locality, shape.height, shape.width * shape.channels)


def mixes_logistics(settings: AnyModelSettings) -> bool:
    """Whether a position is a pixel, and the output a mixture of logistics."""
    return isinstance(settings, ModelSettings) and isinstance(settings.output, LogisticMixture)


def reduction_of(settings: AnyModelSettings) -> int | None:
    """How many times smaller an image's source is in each direction, None if there is no source."""
    return settings.reduction if isinstance(settings, ModelSettings) else None
