"""The hash of an update of every kind of network: python -m tests.models.updates.

Needs the variables of reproducible numerics.
"""

import hashlib

import torch
from torch import Tensor

from models.settings import ClassAndNextId, ClassSoftmax, Embeddings, Numerics, Structure
from models.shared import products
from models.shared.base import Model
from tests.models import graphs, passages
from tests.models.architectures import sequence, source
from tests.models.baselines import (
    CONVS2S,
    GGNN,
    GRU,
    GRU_TRANSLATOR,
    HOPS,
    LSTM,
    LSTM_ENCODER,
    LSTM_TRANSLATOR,
    PIXELCNN,
    ROW_LSTM,
    SET2SET,
    changed,
    network,
)
from tests.models.networks import (
    ALIBI,
    CLASS_AND_NEXT_ID,
    LOCAL_1D,
    LOCAL_2D,
    PITCH_TIME,
    ROTARY,
    SHAW,
    SINUSOID_2D,
    SKEWED,
    classifier,
    decoder,
    encoder,
    encoder_decoder,
    pixel_decoder,
)

# Wide enough for products of all kinds, and for a sum of two chunks.
WIDE = {"d_model": 64, "d_ff": 400}
NETWORKS = {
    "shaw": lambda: encoder_decoder(SHAW, **WIDE),
    "rotary": lambda: encoder_decoder(ROTARY, **WIDE),
    "alibi": lambda: encoder_decoder(ALIBI, **WIDE),
    "skewed": lambda: decoder(SKEWED, LOCAL_1D, **WIDE),
    "local_2d": lambda: decoder(SINUSOID_2D, LOCAL_2D, **WIDE),
    "pitch_time": lambda: decoder(PITCH_TIME, **WIDE),
    "mixture": lambda: pixel_decoder(**WIDE),
    "lstm": lambda: network(changed(LSTM, d_model=64)),
    "lstm_translator": lambda: network(changed(LSTM_TRANSLATOR, d_model=64)),
    "gru": lambda: network(changed(GRU, d_model=64)),
    "gru_translator": lambda: network(changed(GRU_TRANSLATOR, d_model=64)),
    "lstm_max": lambda: network(changed(LSTM_ENCODER, d_model=64)),
    "lstm_hops": lambda: network(changed(LSTM_ENCODER, d_model=64, pooling=HOPS)),
    "convs2s": lambda: network(changed(CONVS2S, d_model=66)),
    "pixelcnn": lambda: network(changed(PIXELCNN, d_model=66)),
    "row_lstm": lambda: network(changed(ROW_LSTM, d_model=66)),
    "encoder": lambda: encoder(**WIDE),
    "classifier": lambda: classifier(SHAW, **WIDE),
    "next_id_classifier": lambda: classifier(
        structure=Structure.DECODER,
        output=CLASS_AND_NEXT_ID,
        embeddings=Embeddings.TIED,
        **WIDE,
    ),
    "ggnn": lambda: network(changed(GGNN, d_model=64, towers=1)),
    "ggnn_towers": lambda: network(changed(GGNN, d_model=64, towers=4, readout=SET2SET)),
}


def loss(model: Model, batch: int = 5) -> Tensor:
    """The sum of the nats of a random batch."""
    structure = model.settings.structure
    if isinstance(getattr(model.settings, "output", None), ClassSoftmax | ClassAndNextId):
        tokens = passages.batch(range(3, 3 + 4 * batch, 4))
        return model.nats(tokens, torch.arange(batch)[:, None] % 4).sum()
    if structure is Structure.ENCODER:
        nodes, edges = graphs.batch(range(3, 3 + 4 * batch, 4))
        return model.nats(nodes, torch.ones(batch, 1), edges).sum()
    ids = sequence(model, batch)
    given = source(model, batch) if structure is Structure.ENCODER_DECODER else None
    return model.nats(ids[:, :-1], ids[:, 1:], given).sum()


def updated(model: Model) -> str:
    """The hash of the weights after an update."""
    loss(model).backward()
    torch.optim.Adam(model.parameters(), lr=0.01).step()
    weights = torch.nn.utils.parameters_to_vector(model.parameters())
    return hashlib.sha256(weights.detach().numpy().tobytes()).hexdigest()


if __name__ == "__main__":
    products.select(Numerics.REPRODUCIBLE)
    torch.set_num_threads(1)
    for name, make in NETWORKS.items():
        print(name, updated(make().float()))
