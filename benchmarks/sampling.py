"""Sampling: positions per second with the cache, and without it.

    python -m benchmarks.sampling

Networks of the papers' sizes with random weights generate a batch of sequences; a position of each
counts. With the cache, every position is timed. Without it, a position costs a forward pass over
all before it, the three of a mixture's pixel one together: that is timed at PROBES evenly spaced
positions, between those of the cached pass, and the mean stands for all. The two have to agree.
With the cache, a position of local attention costs as much at the end as at EARLY.

Seconds are of one thread and of the processor: on a machine with other work they are what compares.
"""

import argparse
import time
from functools import partial
from statistics import mean, median

import torch
from models.network import build
from torch import nn
from torch.testing import assert_close

from benchmarks.rows import machine, record
from models.settings import (
    Architecture,
    Backend,
    Categorical,
    DataShape,
    Embeddings,
    Full,
    Local1D,
    Local2D,
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

PROBES = 4
# Positions. As many are seen from each of SPAN from EARLY on as from the last ones of an image: in
# between lie two rows of 2-D blocks, six 1-D blocks of intensities or two of pixels.
EARLY, SPAN = 1280, 256
CATEGORICAL = Categorical(kind="categorical")
CIFAR = DataShape.sequence(inputs=266, outputs=256).model_copy(
    update={"height": 32, "width": 32, "channels": 3}
)


def image_transformer(locality: Locality) -> nn.Module:
    """Parmar et al. 2018 on CIFAR-10: 32 x 32 pixels of 3 channels, a position for each."""
    settings = decoder(
        {"num_layers": 12, "d_model": 512, "num_heads": 4, "d_ff": 2048},
        Sinusoid2D(kind="sinusoid_2d"),
        locality,
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


LOCAL_1D = Local1D(kind="local_1d", query_block=256, memory_block=512)
LOCAL_2D = Local2D(  # blocks of 8 x 8 pixels of 3 channels
    kind="local_2d", query_rows=8, query_columns=24, memory_rows=8, memory_columns=24
)
NETWORKS = {  # with the length, the number of sequences, and how many positions share a pass
    "16 images, local 1-D attention": (partial(image_transformer, LOCAL_1D), 3072, 16, 1),
    "16 images, local 2-D attention": (partial(image_transformer, LOCAL_2D), 3072, 16, 1),
    "16 images, mixtures of logistics": (pixel_transformer, 3072, 16, 3),
    "music, relative attention": (music_transformer, 2048, 1, 1),
}


@torch.no_grad()
def measured(model: nn.Module, length: int, batch: int) -> tuple[list[float], list[float]]:
    """Seconds of each position of a sequence with the cache, and of PROBES of them without it."""
    ids = torch.randint(0, model.shape.outputs, (batch, length))
    ids[:, 0] = model.shape.inputs - 1  # the condition
    probes = {int(length * (probe + 0.5) / PROBES) for probe in range(PROBES)}
    state, with_cache, without = model.begin(batch, length), [], []
    for position in range(length):
        start = time.process_time()
        logits = model.advance(ids[:, position], state)
        with_cache.append((time.process_time() - start) / batch)
        if position in probes:
            start = time.process_time()
            expected = model(ids[:, : position + 1])[:, -1]
            without.append((time.process_time() - start) / batch)
            assert_close(logits, expected, atol=1e-4, rtol=1e-4)
    return with_cache, without


def typical(seconds: list[float], sharing: int) -> float:
    """The median of `seconds` of positions, each the mean of those that share a pass."""
    return median(mean(seconds[at : at + sharing]) for at in range(0, len(seconds), sharing))


def row(what: str, ours: float, peer: float, unit: str, ratio: float) -> dict[str, str | float]:
    """A row of reports/benchmarks.json."""
    command = "python -m benchmarks.sampling"
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
    torch.set_num_threads(1)
    for name, (network, positions, batch, sharing) in NETWORKS.items():
        torch.manual_seed(0)
        length = min(positions, limit or positions)
        seconds, without = measured(network().eval(), length, batch)
        slow, fast = mean(without) / sharing, mean(seconds)
        what = f"sampling, {length:,} positions: {name} (peer: without the cache)"
        rows = [row(what, 1.0 / fast, 1.0 / slow, "positions per second", slow / fast)]
        if length >= EARLY + SPAN:
            early = typical(seconds[EARLY : EARLY + SPAN], sharing)
            late = typical(seconds[-SPAN:], sharing)
            what = f"sampling, the last {SPAN} positions: {name} (peer: those from {EARLY:,} on)"
            rows.append(row(what, 1e3 * late, 1e3 * early, "ms per position", early / late))
        record(rows)


if __name__ == "__main__":
    main()
