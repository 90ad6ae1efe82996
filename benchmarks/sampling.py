"""Sampling: positions per second with the cache of keys and values, and without it.

    python -m benchmarks.sampling

Networks of the papers' sizes with random weights generate a batch of sequences; a position of each
sequence counts. With the cache every position is timed. Without it a position costs a forward pass
over all before it, which the three channels of a mixture's pixel share: that is timed at PROBES
evenly spaced positions, between those of the cached pass, and their mean stands for all. The logits
of both have to agree. With local attention and the cache, a position at the end costs as much as
one at EARLY.

Seconds are processor time of one thread, which other work on the machine disturbs least.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial
from statistics import mean, median
from typing import NamedTuple

import torch
from torch import Tensor
from torch.testing import assert_close

from benchmarks.rows import machine, record
from models.build import build
from models.settings import (
    Attention,
    Backend,
    Categorical,
    DataShape,
    Embeddings,
    Full,
    ImageLayout,
    Local1D,
    Local2D,
    LogisticMixture,
    Norm,
    Output,
    Positions,
    PositionsAt,
    Residuals,
    SequenceLayout,
    Sinusoid2D,
    SkewedRelative,
    Structure,
    TransformerSettings,
)
from models.shared.base import AutoregressiveModel

PROBES = 4
# Positions. Each of the SPAN positions from EARLY on sees as many keys as the last SPAN of an
# image: in between lie two rows of 2-D blocks, six 1-D blocks of intensities or two of pixels.
EARLY, SPAN = 1280, 256
CATEGORICAL = Categorical(kind="categorical")
LOCAL_1D = Local1D(kind="local_1d", query_block=256, memory_block=512)
LOCAL_2D = Local2D(  # blocks of 8 x 8 pixels of 3 channels
    kind="local_2d", query_rows=8, query_columns=24, memory_rows=8, memory_columns=24
)
CIFAR = DataShape(inputs=266, outputs=256, layout=ImageLayout(height=32, width=32, channels=3))
PERFORMANCE = DataShape(inputs=389, outputs=388, layout=SequenceLayout())


class Workload(NamedTuple):
    """A network and what it generates; `sharing` successive positions share a forward pass."""

    make: Callable[[], AutoregressiveModel]
    length: int
    batch: int
    sharing: int = 1


def image_transformer(attention: Attention) -> AutoregressiveModel:
    """Parmar et al. 2018 on CIFAR-10: 32 x 32 pixels of 3 channels, a position for each."""
    settings = decoder(
        {"num_layers": 12, "d_model": 512, "num_heads": 4, "d_ff": 2048},
        Sinusoid2D(kind="sinusoid_2d"),
        attention,
    )
    return build(settings, CIFAR)


def pixel_transformer() -> AutoregressiveModel:
    """The same with a position per pixel, a mixture of logistics for its three channels."""
    settings = decoder(
        {"num_layers": 12, "d_model": 256, "num_heads": 8, "d_ff": 512},
        Sinusoid2D(kind="sinusoid_2d"),
        Local1D(kind="local_1d", query_block=256, memory_block=256),
        LogisticMixture(kind="logistic_mixture", mixtures=10),
    )
    return build(settings, CIFAR)


def music_transformer() -> AutoregressiveModel:
    """Huang et al. 2018 on Piano-e-Competition: performance events."""
    settings = decoder(
        {"num_layers": 6, "d_model": 256, "num_heads": 8, "d_ff": 2048},
        SkewedRelative(kind="skewed_relative", max_distance=1024),
        Full(kind="full", backend=Backend.DENSE),
    )
    return build(settings, PERFORMANCE)


def decoder(
    sizes: dict[str, int], positions: Positions, attention: Attention, output: Output = CATEGORICAL
) -> TransformerSettings:
    """Settings of a decoder without a source, and without dropout: it is not trained here."""
    return TransformerSettings(
        architecture="transformer",
        structure=Structure.DECODER,
        norm=Norm.PRE,
        residuals=Residuals.SUM,
        embeddings=Embeddings.SEPARATE,
        positions=positions,
        positions_at=PositionsAt.INPUT,
        attention=attention,
        output=output,
        super_resolution=None,
        dropout=0.0,
        embedding_dropout=0.0,
        attention_dropout=0.0,
        relu_dropout=0.0,
        **sizes,
    )


WORKLOADS = {
    "16 images, local 1-D attention": Workload(partial(image_transformer, LOCAL_1D), 3072, 16),
    "16 images, local 2-D attention": Workload(partial(image_transformer, LOCAL_2D), 3072, 16),
    "16 images, mixtures of logistics": Workload(pixel_transformer, 3072, 16, sharing=3),
    "music, relative attention": Workload(music_transformer, 2048, 1),
}


@torch.no_grad()
def measured(
    model: AutoregressiveModel, length: int, batch: int, sharing: int
) -> tuple[list[float], list[float]]:
    """Seconds of each position of a sequence with the cache, and of PROBES of them without it."""
    ids = torch.randint(0, model.shape.outputs, (batch, length))
    ids[:, 0] = model.shape.inputs - 1  # the condition
    probes = {int(length * (probe + 0.5) / PROBES) for probe in range(PROBES)}
    state, with_cache, without = model.init_state(None, batch, length), [], []
    for position in range(length):
        start = time.process_time()
        logits = model.step(ids[:, position], state)
        with_cache.append((time.process_time() - start) / batch)
        if position in probes:
            start = time.process_time()
            expected = last_logits(model, ids[:, : position + 1], sharing)
            without.append((time.process_time() - start) / batch)
            assert_close(logits, expected, atol=1e-4, rtol=1e-4)
    return with_cache, without


def last_logits(model: AutoregressiveModel, inputs: Tensor, sharing: int) -> Tensor:
    """The logits (batch, outputs) after the last of inputs (batch, target), without a cache."""
    observed = (inputs.shape[1] - 1) % sharing  # the ids after the last hidden state
    hidden = model(inputs)[:, -1]
    return model.head.next_logits(hidden, inputs[:, -observed:] if observed else None)


def typical(seconds: list[float], sharing: int) -> float:
    """The median of `seconds` of positions, averaged over those that share a pass."""
    return median(mean(seconds[at : at + sharing]) for at in range(0, len(seconds), sharing))


def row(what: str, ours: float, peer: float, unit: str, ratio: float) -> dict[str, str | float]:
    """A row of reports/benchmarks.json."""
    return {
        "what": what,
        "ours": ours,
        "peer": peer,
        "ratio": ratio,
        "unit": unit,
        "machine": machine(),
        "command": "python -m benchmarks.sampling",
    }


def main() -> None:
    """Read the command line, measure, and record the rows of each network."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--limit", type=int, help="the most positions; for a trial")
    limit = parser.parse_args().limit
    torch.set_num_threads(1)
    for name, (make, positions, batch, sharing) in WORKLOADS.items():
        torch.manual_seed(0)
        length = min(positions, limit or positions)
        seconds, without = measured(make().eval(), length, batch, sharing)
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
