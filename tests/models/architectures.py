"""A small network of every architecture, structure and output head, and ids that it reads."""

from collections.abc import Callable

import torch
from torch import Tensor

from models.settings import Directions, Embeddings, ImageLayout, Norm
from models.shared.base import PADDING, AutoregressiveModel, Model
from tests.models.baselines import (
    CONVS2S,
    GGNN,
    GRU,
    GRU_TRANSLATOR,
    HOPS,
    LAST,
    LSTM,
    LSTM_ENCODER,
    LSTM_TRANSLATOR,
    PIXELCNN,
    ROW_LSTM,
    SET2SET,
    changed,
    network,
)
from tests.models.comparison import ids
from tests.models.networks import (
    ALIBI,
    ALONG_EDGES,
    COLOUR,
    EDGES,
    IMAGE,
    LEARNED,
    LOCAL_1D,
    LOCAL_2D,
    NONE,
    PITCH_TIME,
    ROTARY,
    SHAW,
    SINUSOID,
    SINUSOID_2D,
    SKEWED,
    causal_classifier,
    classifier,
    decoder,
    encoder,
    encoder_decoder,
    next_id_classifier,
    pixel_decoder,
)

WITH_SOURCE: dict[str, Callable[[], AutoregressiveModel]] = {
    "translation": lambda: encoder_decoder(SHAW),
    "translation_rotary": lambda: encoder_decoder(ROTARY),
    "translation_separate": lambda: encoder_decoder(LEARNED, embeddings=Embeddings.SEPARATE),
    "super_resolution": lambda: encoder_decoder(
        SINUSOID_2D,
        shape=IMAGE,
        attention=LOCAL_2D,
        embeddings=Embeddings.SEPARATE,
        super_resolution=2,
    ),
    "lstm_translation": lambda: network(LSTM_TRANSLATOR),
    "gru_translation": lambda: network(GRU_TRANSLATOR),
    "convs2s": lambda: network(CONVS2S),
}
WITHOUT_SOURCE: dict[str, Callable[[], AutoregressiveModel]] = {
    "full": lambda: decoder(SINUSOID),
    "local_1d": lambda: decoder(SKEWED, LOCAL_1D),
    "local_2d": lambda: decoder(SINUSOID_2D, LOCAL_2D),
    "rotary": lambda: decoder(ROTARY, LOCAL_1D),
    "alibi": lambda: decoder(ALIBI, LOCAL_1D),
    "pitch_time": lambda: decoder(PITCH_TIME),
    "mixture": pixel_decoder,
    "mixture_grey": lambda: pixel_decoder(shape=IMAGE),
    "lstm": lambda: network(LSTM),
    "gru": lambda: network(GRU),
    "pixelcnn": lambda: network(PIXELCNN),
    "pixelcnn_colour": lambda: network(PIXELCNN, COLOUR),
    "row_lstm": lambda: network(ROW_LSTM),
    "row_lstm_colour": lambda: network(ROW_LSTM, COLOUR),
}
AUTOREGRESSIVE = WITH_SOURCE | WITHOUT_SOURCE
GRAPHS: dict[str, Callable[[], Model]] = {
    "encoder": lambda: encoder(norm=Norm.PRE),
    "encoder_unlabelled": lambda: encoder(NONE),
    "encoder_along_edges": lambda: encoder(EDGES, ALONG_EDGES),
    "ggnn": lambda: network(changed(GGNN, towers=1)),
    "ggnn_towers": lambda: network(GGNN),
    "ggnn_set2set": lambda: network(changed(GGNN, readout=SET2SET)),
}
CLASSIFIERS: dict[str, Callable[[], Model]] = {
    "classifier": classifier,
    "classifier_shaw": lambda: classifier(SHAW),
    "classifier_causal": causal_classifier,
    "classifier_causal_shaw": lambda: causal_classifier(SHAW),
    "classifier_next_id": next_id_classifier,
    "lstm_last": lambda: network(
        changed(LSTM_ENCODER, pooling=LAST, directions=Directions.FORWARD)
    ),
    "lstm_last_both": lambda: network(changed(LSTM_ENCODER, pooling=LAST)),
    "lstm_max": lambda: network(LSTM_ENCODER),
    "lstm_hops": lambda: network(changed(LSTM_ENCODER, pooling=HOPS)),
}
ALL = AUTOREGRESSIVE | GRAPHS | CLASSIFIERS


def sequence(model: AutoregressiveModel, batch: int, seed: int = 0) -> Tensor:
    """A condition and then outputs, (batch, 1 + length): a whole image, or a short sequence."""
    shape, layout = model.shape, model.shape.layout
    length = 8
    if isinstance(layout, ImageLayout):
        length = layout.height * layout.width * layout.channels
    first = shape.outputs if shape.outputs < shape.inputs else 0
    condition = ids(first, shape.inputs, batch, 1, seed=seed)
    return torch.cat((condition, ids(0, shape.outputs, batch, length, seed=seed + 100)), dim=1)


def source(model: AutoregressiveModel, batch: int, seed: int = 0) -> Tensor:
    """A source (batch, position); the last row of a text ends with padding."""
    shape, layout = model.shape, model.shape.layout
    if isinstance(layout, ImageLayout):
        pixels = layout.height * layout.width // model.settings.super_resolution**2
        return ids(1, shape.inputs, batch, pixels * layout.channels, seed=seed)
    found = ids(1, shape.inputs, batch, 6, seed=seed)
    found[-1, 4:] = PADDING
    return found
