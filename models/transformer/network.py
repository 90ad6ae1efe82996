"""Build a Transformer."""

from models.settings import (
    ClassAndNextId,
    ClassSoftmax,
    DataShape,
    LogisticMixture,
    Structure,
    TransformerSettings,
)
from models.shared.base import Model
from models.transformer.decoder import Decoder
from models.transformer.encoder import Encoder
from models.transformer.encoder_decoder import EncoderDecoder
from models.transformer.pixel_decoder import PixelDecoder


def build(settings: TransformerSettings, shape: DataShape) -> Model:
    """Return a freshly initialised Transformer."""
    match settings.structure:
        case Structure.ENCODER:
            return Encoder(settings, shape)
        case Structure.ENCODER_DECODER:
            return EncoderDecoder(settings, shape)
        case Structure.DECODER:
            match settings.output:
                case LogisticMixture():
                    return PixelDecoder(settings, shape)
                case ClassSoftmax() | ClassAndNextId():
                    return Encoder(settings, shape)
                case _:
                    return Decoder(settings, shape)
