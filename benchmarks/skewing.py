"""Memory of the relative term: a vector per pair, or skewed (Huang et al. 2018, table 1).

    python -m benchmarks.skewing

The logits of one head with a vector for each distance. Measured are the bytes of all tensors of
vectors (..., d_head), those of the logits, which both forms return, and the peak memory, which
includes logits, indices and copies. A megabyte is 10^6 bytes, as in the paper.
"""

import argparse
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from benchmarks.exponents import exponent
from benchmarks.peak import peak_memory
from benchmarks.rows import machine, record
from models.positions.skewed_relative import SkewedRelative
from models.settings import SequenceLayout
from models.settings import SkewedRelative as Settings
from models.shared.positions import Site

LENGTHS = [650, 2048, 3500]
D_HEAD = 64
MEGABYTE = 10**6


def gathered(query: Tensor, positions: SkewedRelative) -> Tensor:
    """q_i e_(i - j) of query (1, length, d_head) as in Shaw et al. 2018: a vector per pair."""
    index = torch.arange(query.shape[-2])
    distances = (index[:, None] - index).clamp(min=0)
    vectors = positions.embeddings[0][distances]  # (query, key, d_head)
    return (vectors @ query[0, :, :, None]).squeeze(-1)[None]


def skewed(query: Tensor, positions: SkewedRelative) -> Tensor:
    """The same for keys up to the query, without a vector per pair."""
    return positions.logits(query, 0, query.shape[-2], ids=None)


FORMS: dict[str, Callable[[Tensor, SkewedRelative], Tensor]] = {
    "gathered": gathered,
    "skewed": skewed,
}


class Vectors(TorchDispatchMode):
    """Adds up, in `total`, the bytes of the allocated tensors whose last axis is d_head."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Compute, and count the result unless it is a view."""
        result = func(*args, **(kwargs or {}))
        if isinstance(result, Tensor) and result.shape[-1:] == (D_HEAD,):
            given = {_address(arg) for arg in args if isinstance(arg, Tensor)}
            if _address(result) not in given:
                self.total += result.nbytes
        return result


def _address(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()


@torch.no_grad()
def measure(form: str, length: int) -> dict[str, float]:
    """Megabytes of vectors, of the logits, and of everything at the peak."""
    query, positions = arguments(length)
    with Vectors() as vectors:
        logits = FORMS[form](query, positions)
    peak = peak_memory(lambda: FORMS[form](query, positions))
    found = {"vectors": vectors.total, "logits": logits.nbytes, "peak memory": peak}
    return {name: size / MEGABYTE for name, size in found.items()}


def arguments(length: int) -> tuple[Tensor, SkewedRelative]:
    """A query (1, length, d_head) and positions with a vector for each distance."""
    torch.manual_seed(0)
    query = torch.randn(1, length, D_HEAD)
    settings = Settings(kind="skewed_relative", max_distance=length - 1)
    return query, SkewedRelative(settings, Site(D_HEAD, 1, SequenceLayout()))


def run() -> None:
    """Measure both forms at every length and record the rows."""
    found = {form: {n: measure(form, n) for n in LENGTHS} for form in FORMS}
    record([*points(found), *exponents(found)])


def points(found: dict[str, dict[int, dict[str, float]]]) -> list[dict]:
    """A row for each form, length and measure; the peer of the skewed form is the gathered one."""
    return [
        _row(f"{length:>5,} positions, {form}, {measure}", ours, "MB")
        | ({"peer": peer, "ratio": peer / ours} if form == "skewed" else {})
        | {"point": {"form": form, "positions": length, "measure": measure}}
        for form, at_lengths in found.items()
        for length, measures in at_lengths.items()
        for measure, ours in measures.items()
        for peer in [found["gathered"][length][measure]]
    ]


def exponents(found: dict[str, dict[int, dict[str, float]]]) -> list[dict]:
    """A row for each form: the exponent of the length in the bytes of vectors."""
    return [
        _row(
            f"{form}, exponent of the length in vectors",
            exponent(list(at), [measures["vectors"] for measures in at.values()]),
            "exponent",
        )
        | {"point": {"form": form, "exponent": "positions", "measure": "vectors"}}
        for form, at in found.items()
    ]


def _row(what: str, ours: float, unit: str) -> dict:
    return {
        "what": f"skewing: {what}",
        "ours": ours,
        "peer": None,
        "ratio": None,
        "unit": unit,
        "machine": machine(),
        "command": "python -m benchmarks.skewing",
    }


if __name__ == "__main__":
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    run()
