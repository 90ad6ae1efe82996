"""Attention alone: seconds and peak memory, forward and backward, of every form at every length.

    python -m benchmarks.attention
    python -m benchmarks.attention --rounds 1 --memory  # memory alone, on a busy machine too

One layer's heads, without the projections around them. Each point is measured in a process of its
own, in rounds that alternate between the forms; seconds are the median of the rounds, memory is the
largest: masks, what is saved for the backward pass, gradients, and all that a kernel needs in
between. A point that needs more than the memory or the time allowed is a row too.
"""

import argparse
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from pathlib import Path

import torch
from models.attention import attend, attend_blocks, attend_blockwise, attend_relative
from models.locality import blocks
from torch import Tensor

from benchmarks import passes
from benchmarks.rows import machine, memory_alone, record
from models.positions import ShawRelative, SkewedRelative
from models.settings import Backend, Local1D, ShawParts
from models.transformer import causal_mask

LENGTHS = [512, 1024, 2048, 4096, 8192, 16384]
HEADS, D_HEAD = 8, 64
LOCAL = Local1D(kind="local_1d", query_block=256, memory_block=512)
CPU = torch.device("cpu")
UNITS = {"forward": "seconds", "backward": "seconds", "peak memory": "MiB"}
# Each form, and the one that it stands beside.
PEERS = {
    "full": None,
    "Shaw by gather": None,
    "Shaw": "Shaw by gather",
    "skewed": "Shaw by gather",
    "skewed, blockwise": "skewed",
    "local": "full",
}


def form(name: str, length: int) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """Causal attention of query, key and value (batch, heads, length, d_head)."""
    shaw = ShawRelative(D_HEAD, 16, ShawParts.KEYS_AND_VALUES)
    skewed = SkewedRelative(HEADS, D_HEAD, length // 2, ahead=0)
    return {
        "full": lambda *heads: attend(*heads, _dense(length), 0.0),
        "Shaw by gather": lambda *heads: shaw_by_gather(*heads, _dense(length), shaw),
        "Shaw": lambda *heads: attend_relative(*heads, _dense(length), shaw, 0, 0.0),
        "skewed": lambda *heads: attend_relative(*heads, _dense(length), skewed, 0, 0.0),
        "skewed, blockwise": lambda *heads: attend_blockwise(
            *heads, causal_mask(Backend.BLOCKWISE, length, CPU), skewed, 0.0
        ),
        "local": lambda *heads: attend_blocks(*heads, blocks(LOCAL, length, 1, 1, CPU), 0.0),
    }[name]


def _dense(length: int) -> Tensor:
    return causal_mask(Backend.DENSE, length, CPU)


def shaw_by_gather(
    query: Tensor, key: Tensor, value: Tensor, visible: Tensor, relative: ShawRelative
) -> Tensor:
    """Shaw et al. 2018 as tensor2tensor has it: a vector per pair (query, key, d_head)."""
    places = torch.arange(query.shape[-2])
    furthest = relative.max_distance
    distances = (places - places[:, None]).clamp(-furthest, furthest) + furthest
    scaled = query * query.shape[-1] ** -0.5
    logits = scaled @ key.transpose(-1, -2)
    logits = logits + torch.einsum("bhid,ijd->bhij", scaled, relative.keys[distances])
    weights = logits.masked_fill(~visible, -torch.inf).softmax(dim=-1)
    return weights @ value + torch.einsum("bhij,ijd->bhid", weights, relative.values[distances])


def measure(name: str, length: int, gibibytes: float) -> dict[str, float]:
    """Seconds and MiB of one point; RuntimeError if it needs more than the memory allowed."""
    torch.manual_seed(0)
    # What is loaded at first use is no part of it.
    passes.seconds(form(name, 64), _heads(64), time.perf_counter)
    attended, heads = form(name, length), _heads(length)
    limit = _data_bytes() + int(gibibytes * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    return passes.measure(attended, heads, time.perf_counter, least=1.0)


def _data_bytes() -> int:
    """What counts for RLIMIT_DATA."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))


def _heads(length: int) -> list[Tensor]:
    return [torch.randn(1, HEADS, length, D_HEAD, requires_grad=True) for _ in range(3)]


def in_child(name: str, length: int, gibibytes: float, seconds: float) -> dict[str, float] | str:
    """What `measure` returns in a process of its own, or why there is nothing."""
    spawn = multiprocessing.get_context("spawn")
    receiver, sender = spawn.Pipe(duplex=False)
    child = spawn.Process(target=_send, args=(sender, name, length, gibibytes))
    child.start()
    sender.close()
    try:
        return receiver.recv() if receiver.poll(seconds) else f"needs more than {seconds:g} seconds"
    except EOFError:
        return "the process died"
    finally:
        child.kill()
        child.join()


def _send(sender: Connection, name: str, length: int, gibibytes: float) -> None:
    try:
        sender.send(measure(name, length, gibibytes))
    except RuntimeError as error:
        if "allocate memory" not in str(error):
            raise
        sender.send(f"needs more than {gibibytes:g} GiB")


def run(
    lengths: list[int], rounds: int, gibibytes: float, seconds: float, only_memory: bool
) -> None:
    """Measure every form at `lengths` and record the rows, length after length."""
    for length in lengths:
        found: dict[str, list[dict[str, float]]] = {name: [] for name in PEERS}
        not_run: dict[str, str] = {}
        for _ in range(rounds):
            for name in [name for name in PEERS if name not in not_run]:
                result = in_child(name, length, gibibytes, seconds)
                if isinstance(result, str):
                    not_run[name] = result
                else:
                    found[name].append(result)
        rows = [_row(name, length, key, found, not_run) for name in PEERS for key in UNITS]
        record(memory_alone(rows) if only_memory else rows)


def _row(
    name: str, length: int, key: str, found: dict[str, list[dict[str, float]]], not_run: dict
) -> dict:
    over_rounds = max if key == "peak memory" else statistics.median
    peer = PEERS[name]
    ours, theirs = (
        None if each is None or each in not_run else over_rounds([one[key] for one in found[each]])
        for each in (name, peer)
    )
    row = {
        "what": f"attention, {length:>6,} positions: {name}"
        + ("" if peer is None else f" (peer: {peer})")
        + f", {key}",
        "ours": ours,
        "peer": theirs,
        "ratio": theirs / ours if ours and theirs else None,
        "unit": UNITS[key],
        "machine": machine(),
        "command": "python -m benchmarks.attention",
        "point": {"form": name, "positions": length, "measure": key},
    }
    return row | ({"not_run": not_run[name]} if name in not_run else {})


def main() -> None:
    """Read the command line and measure."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--gibibytes", type=float, default=8.0, help="memory of a point")
    parser.add_argument("--seconds", type=float, default=300.0, help="time of a point")
    parser.add_argument("--memory", action="store_true", help="record the peak memory alone")
    options = parser.parse_args()
    run(options.lengths, options.rounds, options.gibibytes, options.seconds, options.memory)


if __name__ == "__main__":
    main()
