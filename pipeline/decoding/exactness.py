"""Compare sequences with those of greedy decoding, where both choose the likeliest id."""

import copy
from collections.abc import Sequence

import torch
from torch import Tensor

from models.shared.base import AutoregressiveModel
from pipeline.blocks import Agreement

TIE = 1e-3  # logits that are closer have an order that float32 does not settle


@torch.no_grad()
def agreements(
    model: AutoregressiveModel,
    found: Sequence[Sequence[int]],
    greedy: Sequence[Sequence[int]],
    sources: Sequence[Tensor] | None = None,
) -> list[Agreement]:
    """Compare ids `found` with `greedy` ones, both with the first input, of each sequence.

    Where they part, the logits of the two ids in float64 say whether they tie. `sources` are
    (position,) each.
    """
    exact: AutoregressiveModel | None = None
    compared = []
    for index, (ids, others) in enumerate(zip(found, greedy, strict=True)):
        if list(ids) == list(others):
            compared.append(Agreement.IDENTICAL)
            continue
        exact = exact or copy.deepcopy(model).double()
        parted = next(at for at, pair in enumerate(zip(ids, others, strict=False)) if _differ(pair))
        device = next(model.parameters()).device
        prefix = torch.tensor([ids[:parted]], device=device)
        source = None if sources is None else sources[index][None].to(device)
        logits = exact.head.next_logits(exact(prefix, source)[0, -1])
        gap = abs(float(logits[ids[parted]] - logits[others[parted]]))
        compared.append(Agreement.TIE if gap < TIE else Agreement.DIFFERENT)
    return compared


def _differ(pair: tuple[int, int]) -> bool:
    return pair[0] != pair[1]
