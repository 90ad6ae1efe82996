"""Build an LSTM."""

from models.lstm.decoder import Decoder
from models.lstm.encoder_decoder import EncoderDecoder
from models.settings import DataShape, LstmSettings, Structure
from models.shared.base import AutoregressiveModel


def build(settings: LstmSettings, shape: DataShape) -> AutoregressiveModel:
    """Return a freshly initialised LSTM."""
    if settings.structure is Structure.ENCODER_DECODER:
        return EncoderDecoder(settings, shape)
    return Decoder(settings, shape)
