"""Build a network of gated recurrent units."""

from models.gru.layers import Gru
from models.settings import DataShape, GruSettings, Structure
from models.shared.base import AutoregressiveModel
from models.shared.recurrent_decoder import Decoder
from models.shared.recurrent_encoder_decoder import EncoderDecoder


def build(settings: GruSettings, shape: DataShape) -> AutoregressiveModel:
    """Return a freshly initialised network of gated recurrent units."""
    if settings.structure is Structure.ENCODER_DECODER:
        return EncoderDecoder(settings, shape, Gru)
    return Decoder(settings, shape, Gru)
