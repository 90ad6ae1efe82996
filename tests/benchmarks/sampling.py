"""Sampling: positions per second with the cache, and without it.

    python -m tests.benchmarks.sampling

Networks of the papers' sizes with random weights generate a batch of sequences. Without a cache, a
position costs a forward pass over all before it; that is measured at evenly spaced positions,
between those of the cached pass, and the mean stands for all positions. The two have to agree. The
positions of all sequences of a batch are counted. With the cache, a position of local attention
costs as much at the end as at EARLY, where it sees as far back.
"""

import argparse
import time
from statistics import mean, median

import torch
from torch import nn
from torch.testing import assert_close

from models.network import build
from models.settings import (
    Architecture,
    Backend,
    Categorical,
    DataShape,
    Embeddings,
    Full,
    Local1D,
    Locality,
    LogisticMixture,
    ModelSettings,
    Norm,
    Output,
    Positions,
    PositionsAt,
    Residuals,
    Sinusoid2D,
    SkewedRelative,
)
from tests.benchmarks.rows import machine, record

PROBES = 16
EARLY, SPAN = 1024, 256  # positions; a multiple of the blocks of local attention, and a block
CATEGORICAL = Categorical(kind="categorical")
CIFAR = DataShape.sequence(inputs=266, outputs=256).model_copy(
    update={"height": 32, "width": 32, "channels": 3}
)


def image_transformer() -> nn.Module:
    """Parmar et al. 2018 on CIFAR-10: 32 x 32 pixels of 3 channels, one after the other."""
    settings = decoder(
        {"num_layers": 12, "d_model": 512, "num_heads": 4, "d_ff": 2048},
        Sinusoid2D(kind="sinusoid_2d"),
        Local1D(kind="local_1d", query_block=256, memory_block=512),
    )
    return build(settings, CIFAR)


def pixel_transformer() -> nn.Module:
    """The same with a position per pixel, a mixture of logistics for its three channels."""
    settings = decoder(
        {"num_layers": 12, "d_model": 256, "num_heads": 8, "d_ff": 512},
        Sinusoid2D(kind="sinusoid_2d"),
        Local1D(kind="local_1d", query_block=256, memory_block=256),
        LogisticMixture(kind="logistic_mixture", mixtures=10),
    )
    return build(settings, CIFAR)


def music_transformer() -> nn.Module:
    """Huang et al. 2018 on Piano-e-Competition: performance events."""
    settings = decoder(
        {"num_layers": 6, "d_model": 256, "num_heads": 8, "d_ff": 2048},
        SkewedRelative(kind="skewed_relative", max_distance=1024),
        Full(kind="full"),
    )
    return build(settings, DataShape.sequence(inputs=389, outputs=388))


def decoder(
    sizes: dict[str, int], positions: Positions, locality: Locality, output: Output = CATEGORICAL
) -> ModelSettings:
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
        output=output,
        reduction=None,
        dropout=0.0,
        embedding_dropout=0.0,
        attention_dropout=0.0,
        relu_dropout=0.0,
        **sizes,
    )


NETWORKS = {  # with the length and the number of sequences
    "image, local 1-D attention": (image_transformer, 3072, 1),
    "16 images, mixtures of logistics": (pixel_transformer, 3072, 16),
    "music, relative attention": (music_transformer, 2048, 1),
}


@torch.no_grad()
def measured(model: nn.Module, length: int, batch: int) -> tuple[list[float], list[float]]:
    """Seconds of each position of a sequence with the cache, and of PROBES of them without it."""
    ids = torch.randint(0, model.shape.outputs, (batch, length))
    ids[:, 0] = model.shape.inputs - 1  # the condition
    probes = {int(length * (probe + 0.5) / PROBES) for probe in range(PROBES)}
    state, with_cache, without = model.begin(batch, length), [], []
    for position in range(length):
        start = time.perf_counter()
        logits = model.advance(ids[:, position], state)
        with_cache.append((time.perf_counter() - start) / batch)
        if position in probes:
            start = time.perf_counter()
            expected = model(ids[:, : position + 1])[:, -1]
            without.append((time.perf_counter() - start) / batch)
            assert_close(logits, expected, atol=1e-4, rtol=1e-4)
    return with_cache, without


def row(what: str, ours: float, peer: float, unit: str, ratio: float) -> dict[str, str | float]:
    """A row of reports/benchmarks.json."""
    command = "python -m tests.benchmarks.sampling"
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "ratio": ratio,
        "unit": unit,
        "machine": machine(),
        "command": command,
    }


def main() -> None:
    """Read the command line, measure, and record a row per network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, help="positions at most, to try it out")
    limit = parser.parse_args().limit
    for name, (network, positions, batch) in NETWORKS.items():
        torch.manual_seed(0)
        length = min(positions, limit or positions)
        seconds, without = measured(network().eval(), length, batch)
        slow, fast = mean(without), mean(seconds)
        what = f"sampling, {length:,} positions: {name} (peer: without the cache)"
        rows = [row(what, 1.0 / fast, 1.0 / slow, "positions per second", slow / fast)]
        if length >= EARLY + SPAN:
            early, late = median(seconds[EARLY : EARLY + SPAN]), median(seconds[-SPAN:])
            what = f"sampling, the last {SPAN} positions: {name} (peer: those from {EARLY:,} on)"
            rows.append(row(what, 1e3 * late, 1e3 * early, "ms per position", early / late))
        record(rows)


if __name__ == "__main__":
    main()
