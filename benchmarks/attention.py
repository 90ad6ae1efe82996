"""Attention alone: seconds and peak memory, forward and backward, of every form at every length.

    python -m benchmarks.attention
    python -m benchmarks.attention --rounds 1 --memory  # memory only, also on a busy machine

One layer's heads, without the projections around them. Each point is measured in a process of its
own, in rounds that alternate between the forms; seconds are the median of the rounds, memory is the
maximum. Memory includes masks, what is saved for the backward pass, gradients, and what kernels
allocate in between. A point that exceeds the memory limit or the time limit is recorded as such.
"""

import argparse
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path

import torch
from torch import Tensor

from benchmarks import passes
from benchmarks.rows import machine, only_memory, record
from models.positions.shaw_relative import ShawRelative
from models.settings import (
    Backend,
    Local1D,
    Positions,
    SequenceLayout,
    ShawParts,
    SkewedRelative,
)
from models.settings import ShawRelative as ShawSettings
from models.shared.positions import AttentionPositions, Site, attention_positions
from models.transformer.patterns import Full, Heads, Local, Pattern, causal_mask

LENGTHS = [512, 1024, 2048, 4096, 8192, 16384]
HEADS, D_HEAD = 8, 64
LAYOUT = SequenceLayout()
DENSE, BLOCKWISE = Full(Backend.DENSE, causal=True), Full(Backend.BLOCKWISE, causal=True)
LOCAL = Local(Local1D(kind="local_1d", query_block=256, memory_block=512), LAYOUT)
SHAW = ShawSettings(kind="shaw_relative", max_distance=16, parts=ShawParts.KEYS_AND_VALUES)
UNITS = {"forward": "seconds", "backward": "seconds", "peak memory": "MiB"}
# Each form, and the one that it is compared with.
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
    skewed = SkewedRelative(kind="skewed_relative", max_distance=length // 2)
    match name:
        case "full":
            return partial(attend, DENSE, None)
        case "Shaw by gather":
            return partial(shaw_by_gather, _positions(SHAW))
        case "Shaw":
            return partial(attend, DENSE, _positions(SHAW))
        case "skewed":
            return partial(attend, DENSE, _positions(skewed))
        case "skewed, blockwise":
            return partial(attend, BLOCKWISE, _positions(skewed))
        case "local":
            return partial(attend, LOCAL, None)
    raise ValueError(f"{name} is not one of {', '.join(PEERS)}")


def _positions(settings: Positions) -> AttentionPositions:
    return attention_positions(settings, Site(HEADS * D_HEAD, HEADS, LAYOUT))


def attend(
    pattern: Pattern,
    positions: AttentionPositions | None,
    query: Tensor,
    key: Tensor,
    value: Tensor,
) -> Tensor:
    """Attention as a layer of the networks computes it."""
    return pattern.attention(Heads(query, key, value), positions, dropout=0.0)


def shaw_by_gather(positions: ShawRelative, query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """Shaw et al. 2018 as in tensor2tensor: vectors (query, key, d_head), one for each pair."""
    length = query.shape[-2]
    index = torch.arange(length)
    furthest = positions.max_distance
    distances = (index - index[:, None]).clamp(-furthest, furthest) + furthest
    scaled = query * query.shape[-1] ** -0.5
    logits = scaled @ key.transpose(-1, -2)
    logits = logits + torch.einsum("bhid,ijd->bhij", scaled, positions.key_vectors[distances])
    attn_mask = causal_mask(0, length, query.device)
    weights = logits.masked_fill(~attn_mask, -torch.inf).softmax(dim=-1)
    values = positions.value_vectors[distances]
    return weights @ value + torch.einsum("bhij,ijd->bhid", weights, values)


def measure(name: str, length: int, gibibytes: float) -> dict[str, float]:
    """Seconds and MiB of one point; RuntimeError if it exceeds the memory limit."""
    torch.manual_seed(0)
    # Loads what is loaded at first use, which is not to be measured.
    passes.seconds(form(name, 64), _heads(64), time.perf_counter)
    attention, heads = form(name, length), _heads(length)
    limit = _data_bytes() + int(gibibytes * 2**30)
    resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))
    return passes.measure(attention, heads, time.perf_counter, min_seconds=1.0)


def _data_bytes() -> int:
    """The memory of this process that RLIMIT_DATA limits."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmData:"))


def _heads(length: int) -> list[Tensor]:
    return [torch.randn(1, HEADS, length, D_HEAD, requires_grad=True) for _ in range(3)]


def in_child(name: str, length: int, gibibytes: float, seconds: float) -> dict[str, float] | str:
    """What `measure` returns in a process of its own, or the reason why it returns nothing."""
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
    lengths: list[int], rounds: int, gibibytes: float, seconds: float, memory_only: bool
) -> None:
    """Measure every form at `lengths` and record the rows, length by length."""
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
        record(only_memory(rows) if memory_only else rows)


def _row(
    name: str, length: int, key: str, found: dict[str, list[dict[str, float]]], not_run: dict
) -> dict:
    over_rounds = max if key == "peak memory" else statistics.median
    peer = PEERS[name]
    ours, theirs = (
        None
        if form_name is None or form_name in not_run
        else over_rounds([measured[key] for measured in found[form_name]])
        for form_name in (name, peer)
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
    parser.add_argument("--gibibytes", type=float, default=8.0, help="memory limit of a point")
    parser.add_argument("--seconds", type=float, default=300.0, help="time limit of a point")
    parser.add_argument("--memory", action="store_true", help="record the peak memory only")
    options = parser.parse_args()
    run(options.lengths, options.rounds, options.gibibytes, options.seconds, options.memory)


if __name__ == "__main__":
    main()
