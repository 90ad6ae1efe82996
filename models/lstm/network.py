"""Build an LSTM."""

from models.lstm.encoder import Encoder
from models.lstm.layers import Lstm
from models.settings import DataShape, LstmEncoderSettings, LstmSettings, Structure
from models.shared.base import Model
from models.shared.recurrent_decoder import Decoder
from models.shared.recurrent_encoder_decoder import EncoderDecoder


def build(settings: LstmSettings | LstmEncoderSettings, shape: DataShape) -> Model:
    """Return a freshly initialised LSTM."""
    match settings.structure:
        case Structure.ENCODER:
            return Encoder(settings, shape)
        case Structure.ENCODER_DECODER:
            return EncoderDecoder(settings, shape, Lstm)
        case Structure.DECODER:
            return Decoder(settings, shape, Lstm)
