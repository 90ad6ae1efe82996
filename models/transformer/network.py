"""Build a Transformer."""

from models.settings import DataShape, LogisticMixture, Structure, TransformerSettings
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
            mixture = isinstance(settings.output, LogisticMixture)
            return PixelDecoder(settings, shape) if mixture else Decoder(settings, shape)
