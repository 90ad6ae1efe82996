"""What a layer costs over the length n and the width d (Vaswani et al. 2017, table 1).

    python -m benchmarks.costs
    python -m benchmarks.costs --memory  # memory alone, on a busy machine too

Floating-point operations, seconds and peak memory of a forward and a backward pass of one layer,
each in a process of its own, the exponents of n and d that fit, and how many operations wait for
one another and lie on the longest path, counted at small n. Seconds are of one thread and of the
processor: on a machine with other work they are what compares.
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
from benchmarks.rows import machine, memory_alone, record

LENGTHS, AT_WIDTH = [2048, 4096, 8192], 64
WIDTHS, AT_LENGTH = [32, 64, 128, 256, 512], 2048
BLOCK = 512  # of restricted attention: r = 1,024
# Where the published term is most of the cost: there are also projections, n d^2, around attention.
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
    """The costs of one layer with one thread, by the keys of UNITS."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    counted = floating_point_operations(kind, length, d_model, BLOCK)
    inputs = torch.randn(1, length, d_model, requires_grad=True)
    measured = passes.measure(layer(kind, inputs, BLOCK), [inputs], time.process_time, least=0.2)
    return {
        "FLOPs": counted,
        "seconds": measured["forward"] + measured["backward"],
        "peak memory": measured["peak memory"],
    }


def run(only_memory: bool) -> None:
    """Measure every layer and record the rows, layer after layer."""
    if not only_memory:
        record(counts())
    sizes = dict.fromkeys(
        [(length, AT_WIDTH) for length in LENGTHS] + [(AT_LENGTH, width) for width in WIDTHS]
    )
    # A process for each point; a server with torch loaded forks them.
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([layer.__module__, passes.__name__])
    with ProcessPoolExecutor(1, mp_context=context, max_tasks_per_child=1) as process:
        for kind in FITTED_WIDTHS:
            costs = {each: process.submit(measure, kind, *each).result() for each in sizes}
            found = [*points(kind, costs), *exponents(kind, costs)]
            record(memory_alone(found) if only_memory else found)


def points(kind: LayerType, costs: dict[Sizes, dict[str, float]]) -> list[dict]:
    """A row for each cost of `kind` at each (n, d)."""
    return [
        _row(f"{kind}, n = {n:,}, d = {d}, {measure}", cost, UNITS[measure])
        | {"point": {"layer": kind.value, "n": n, "d": d, "measure": measure}}
        for (n, d), at_sizes in costs.items()
        for measure, cost in at_sizes.items()
    ]


def exponents(kind: LayerType, costs: dict[Sizes, dict[str, float]]) -> list[dict]:
    """A row for each exponent that fits the costs of `kind`: of n at AT_WIDTH, d at AT_LENGTH."""
    along = {
        "n": {length: costs[length, AT_WIDTH] for length in LENGTHS},
        "d": {width: costs[AT_LENGTH, width] for width in FITTED_WIDTHS[kind]},
    }
    return [
        _row(
            f"{kind}, exponent of {axis} in {measure}",
            exponent(list(at), [each[measure] for each in at.values()]),
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
    """A row for each of COUNTS of each type of layer at each of COUNTED_LENGTHS."""
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
    parser.add_argument("--memory", action="store_true", help="record the peak memory alone")
    run(parser.parse_args().memory)
