"""The cost of a layer as a function of length n and width d (Vaswani et al. 2017, table 1).

    python -m benchmarks.costs
    python -m benchmarks.costs --memory  # memory only, also on a busy machine

Floating-point operations, seconds and peak memory of a forward and a backward pass of one layer,
each point in a process of its own; the fitted exponents of n and d; and the number of sequential
operations and the maximum path length, counted at small n. Seconds are processor time of one
thread, which other work on the machine disturbs least.
"""

import argparse
import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor

import torch

from benchmarks import passes
from benchmarks.counting import (
    floating_point_operations,
    path_length,
    sequential_operations,
)
from benchmarks.exponents import exponent
from benchmarks.layers import LayerType, layer
from benchmarks.rows import machine, only_memory, record

LENGTHS, AT_WIDTH = [2048, 4096, 8192], 64
WIDTHS, AT_LENGTH = [32, 64, 128, 256, 512], 2048
BLOCK = 512  # of restricted attention: r = 1,024
# Widths at which the published term dominates: attention also has projections, which cost n d^2.
NARROW, WIDE = [32, 64, 128], [128, 256, 512]
FITTED_WIDTHS = {
    LayerType.SELF_ATTENTION: NARROW,
    LayerType.RECURRENT: WIDE,
    LayerType.CONVOLUTION: WIDE,
    LayerType.RESTRICTED: NARROW,
}
UNITS = {"FLOPs": "operations", "seconds": "seconds of the processor", "peak memory": "MiB"}
FITTED = ("FLOPs", "seconds")

COUNTED_LENGTHS, COUNTED_WIDTH, COUNTED_BLOCK = [16, 32, 64], 8, 4
COUNTS = {"sequential operations": sequential_operations, "path length": path_length}

Sizes = tuple[int, int]  # n, d


def measure(kind: LayerType, length: int, d_model: int) -> dict[str, float]:
    """The costs of one layer on one thread, by the keys of UNITS."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    counted = floating_point_operations(kind, length, d_model, BLOCK)
    inputs = torch.randn(1, length, d_model, requires_grad=True)
    computed = layer(kind, inputs, BLOCK)
    measured = passes.measure(computed, [inputs], time.process_time, min_seconds=0.2)
    return {
        "FLOPs": counted,
        "seconds": measured["forward"] + measured["backward"],
        "peak memory": measured["peak memory"],
    }


def run(memory_only: bool) -> None:
    """Measure every type of layer and record its rows."""
    if not memory_only:
        record(counts())
    sizes = dict.fromkeys(
        [(length, AT_WIDTH) for length in LENGTHS] + [(AT_LENGTH, width) for width in WIDTHS]
    )
    # A process for each point, forked from a server that has torch loaded.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([layer.__module__, passes.__name__])
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as process:
        for kind in FITTED_WIDTHS:
            costs = {size: process.submit(measure, kind, *size).result() for size in sizes}
            rows = [*points(kind, costs), *exponents(kind, costs)]
            record(only_memory(rows) if memory_only else rows)


def points(kind: LayerType, costs: dict[Sizes, dict[str, float]]) -> list[dict]:
    """A row for each cost of `kind` at each (n, d)."""
    return [
        _row(f"{kind}, n = {n:,}, d = {d}, {measure}", cost, UNITS[measure])
        | {"point": {"layer": kind.value, "n": n, "d": d, "measure": measure}}
        for (n, d), at_sizes in costs.items()
        for measure, cost in at_sizes.items()
    ]


def exponents(kind: LayerType, costs: dict[Sizes, dict[str, float]]) -> list[dict]:
    """A row for each fitted exponent of the costs of `kind`: n at AT_WIDTH, d at AT_LENGTH."""
    along = {
        "n": {length: costs[length, AT_WIDTH] for length in LENGTHS},
        "d": {width: costs[AT_LENGTH, width] for width in FITTED_WIDTHS[kind]},
    }
    return [
        _row(
            f"{kind}, exponent of {axis} in {measure}",
            exponent(list(at), [costs_at[measure] for costs_at in at.values()]),
            "exponent",
        )
        | {
            "point": {
                "layer": kind.value,
                "exponent": axis,
                "measure": measure,
                "from": min(at),
                "to": max(at),
            }
        }
        for axis, at in along.items()
        for measure in FITTED
    ]


def counts() -> list[dict]:
    """A row for each type of layer, each of COUNTED_LENGTHS and each of COUNTS."""
    return [
        _row(
            f"{kind}, n = {n}, {measure}",
            count(kind, n, COUNTED_WIDTH, COUNTED_BLOCK),
            "operations",
        )
        | {"point": {"layer": kind.value, "n": n, "d": COUNTED_WIDTH, "measure": measure}}
        for kind in LayerType
        for n in COUNTED_LENGTHS
        for measure, count in COUNTS.items()
    ]


def _row(what: str, ours: float, unit: str) -> dict:
    return {
        "what": f"costs: {what}",
        "ours": ours,
        "peer": None,
        "ratio": None,
        "unit": unit,
        "machine": f"{machine()}, 1 thread",
        "command": "python -m benchmarks.costs",
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--memory", action="store_true", help="record the peak memory only")
    run(parser.parse_args().memory)
