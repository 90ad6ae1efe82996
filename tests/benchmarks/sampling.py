"""Sampling: positions per second with the cache, and without it.

    python -m tests.benchmarks.sampling

Networks of the papers' sizes with random weights generate one sequence. Without a cache, a position
costs a forward pass over all before it; that is measured at evenly spaced positions, between those
of the cached pass, and the mean stands for all positions. The two have to agree.
"""

import argparse
import time

import torch
from torch import nn
from torch.testing import assert_close

from models.settings import (
    Architecture,
    Backend,
    Categorical,
    DataShape,
    Embeddings,
    Full,
    Local1D,
    Locality,
    ModelSettings,
    Norm,
    Positions,
    PositionsAt,
    Residuals,
    Sinusoid2D,
    SkewedRelative,
)
from models.transformer import build
from tests.benchmarks.rows import machine, record

PROBES = 16


def image_transformer() -> nn.Module:
    """Parmar et al. 2018 on CIFAR-10: 32 x 32 pixels of 3 channels, one after the other."""
    settings = decoder(
        {"num_layers": 12, "d_model": 512, "num_heads": 4, "d_ff": 2048},
        Sinusoid2D(kind="sinusoid_2d"),
        Local1D(kind="local_1d", query_block=256, memory_block=512),
    )
    shape = DataShape.sequence(inputs=266, outputs=256)
    return build(settings, shape.model_copy(update={"height": 32, "width": 32, "channels": 3}))


def music_transformer() -> nn.Module:
    """Huang et al. 2018 on Piano-e-Competition: performance events."""
    settings = decoder(
        {"num_layers": 6, "d_model": 256, "num_heads": 8, "d_ff": 2048},
        SkewedRelative(kind="skewed_relative", max_distance=1024),
        Full(kind="full"),
    )
    return build(settings, DataShape.sequence(inputs=389, outputs=388))


def decoder(sizes: dict[str, int], positions: Positions, locality: Locality) -> ModelSettings:
    """A decoder-only network that is not trained here, so without dropout."""
    return ModelSettings(
        architecture=Architecture.DECODER,
        norm=Norm.PRE,
        residuals=Residuals.SUM,
        embeddings=Embeddings.SEPARATE,
        positions=positions,
        positions_at=PositionsAt.INPUT,
        locality=locality,
        backend=Backend.DENSE,
        output=Categorical(kind="categorical"),
        reduction=None,
        dropout=0.0,
        embedding_dropout=0.0,
        attention_dropout=0.0,
        relu_dropout=0.0,
        **sizes,
    )


NETWORKS = {
    "image, local 1-D attention": (image_transformer, 3072),
    "music, relative attention": (music_transformer, 2048),
}


@torch.no_grad()
def seconds_per_position(model: nn.Module, length: int) -> tuple[float, float]:
    """Mean seconds of a position with the cache and without it."""
    ids = torch.randint(0, model.shape.outputs, (1, length))
    probes = {int(length * (probe + 0.5) / PROBES) for probe in range(PROBES)}
    state, with_cache, without = model.begin(1, length), [], []
    for position in range(length):
        start = time.perf_counter()
        logits = model.advance(ids[:, position], state)
        with_cache.append(time.perf_counter() - start)
        if position in probes:
            start = time.perf_counter()
            expected = model(ids[:, : position + 1])[:, -1]
            without.append(time.perf_counter() - start)
            assert_close(logits, expected, atol=1e-4, rtol=1e-4)
    return sum(with_cache) / length, sum(without) / len(without)


def main() -> None:
    """Read the command line, measure, and record a row per network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, help="positions at most, to try it out")
    limit = parser.parse_args().limit
    for name, (network, positions) in NETWORKS.items():
        torch.manual_seed(0)
        length = min(positions, limit or positions)
        with_cache, without = seconds_per_position(network().eval(), length)
        record(
            [
                {
                    "what": f"sampling, {length:,} positions: {name} (peer: without the cache)",
                    "ours": 1.0 / with_cache,
                    "peer": 1.0 / without,
                    "ratio": without / with_cache,
                    "unit": "positions per second",
                    "machine": machine(),
                    "command": "python -m tests.benchmarks.sampling",
                }
            ]
        )


if __name__ == "__main__":
    main()
