"""The hash of an update of every kind of network: python -m tests.models.updates.

Needs the variables of reproducible numerics.
"""

import hashlib

import torch

from models.settings import Numerics, Structure
from models.shared import products
from models.shared.base import AutoregressiveModel
from tests.models.architectures import sequence, source
from tests.models.baselines import CONVS2S, LSTM, LSTM_TRANSLATOR, PIXELCNN, changed, network
from tests.models.networks import (
    ALIBI,
    LOCAL_1D,
    LOCAL_2D,
    PITCH_TIME,
    ROTARY,
    SHAW,
    SINUSOID_2D,
    SKEWED,
    decoder,
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
    "convs2s": lambda: network(changed(CONVS2S, d_model=66)),
    "pixelcnn": lambda: network(changed(PIXELCNN, d_model=66)),
}


def updated(model: AutoregressiveModel, batch: int = 5) -> str:
    """The hash of the weights after an update."""
    ids = sequence(model, batch)
    has_source = model.settings.structure is Structure.ENCODER_DECODER
    nats = model.nats(
        ids[:, :-1], ids[:, 1:], source(model, batch) if has_source else None, label_smoothing=0.0
    )
    nats.sum().backward()
    torch.optim.Adam(model.parameters(), lr=0.01).step()
    weights = torch.nn.utils.parameters_to_vector(model.parameters())
    return hashlib.sha256(weights.detach().numpy().tobytes()).hexdigest()


if __name__ == "__main__":
    products.select(Numerics.REPRODUCIBLE)
    torch.set_num_threads(1)
    for name, make in NETWORKS.items():
        print(name, updated(make().float()))
