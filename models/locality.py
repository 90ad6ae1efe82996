"""Who may attend to whom: one predicate per locality, and the blocks that make it cheap.

Positions are counted in generation order. The input at a position is the token before the one
predicted there, so a position may attend to itself and to what was generated before it. The first
input is no part of the sequence but its condition (a class, the start of a piece): all may see it.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from models.settings import Full, Local1D, Local2D


@dataclass(frozen=True)
class Blocks:
    """Queries in consecutive blocks of one size, and the keys that each block needs.

    `keys` (block, memory) are positions, `visible` (block, query, memory) is True where the query
    may attend; positions that fill up a short memory are never visible.
    """

    keys: Tensor
    visible: Tensor


def generation_order(locality: Full | Local1D | Local2D, height: int, width: int) -> list[int]:
    """The raster index of each position of an image, in the order of generation.

    Raster order, except for local 2-D attention: block after block, raster order inside each
    (Parmar et al. 2018, section 3.3). Raises ValueError if the blocks do not tile the image.
    """
    if not isinstance(locality, Local2D):
        return list(range(height * width))
    if height % locality.query_rows or width % locality.query_columns:
        raise ValueError(
            f"query blocks of {locality.query_rows} x {locality.query_columns} do not tile images "
            f"of {height} x {width}; choose divisors for locality.query_rows and query_columns"
        )
    return [
        row * width + column
        for block_row in range(0, height, locality.query_rows)
        for block_column in range(0, width, locality.query_columns)
        for row in range(block_row, block_row + locality.query_rows)
        for column in range(block_column, block_column + locality.query_columns)
    ]


def visible(
    locality: Full | Local1D | Local2D, queries: Tensor, keys: Tensor, height: int, width: int
) -> Tensor:
    """Whether each of `queries` may attend to each of `keys`: (query, key), the definition.

    `height` and `width` are the image's; they only matter for local 2-D attention.
    """
    i, j = queries[:, None], keys[None, :]
    causal = j <= i
    condition = j == 0
    match locality:
        case Full():
            return causal
        case Local1D(query_block=size, memory_block=memory):
            return causal & (condition | (j >= i // size * size - memory))
        case Local2D():
            order = torch.tensor(generation_order(locality, height, width), device=i.device)
            top = order[i] // width // locality.query_rows * locality.query_rows
            left = order[i] % width // locality.query_columns * locality.query_columns
            right = left + locality.query_columns
            # A key stands where the pixel stands that it carries: one step back in the order.
            key_row, key_column = order[j - 1] // width, order[j - 1] % width
            return causal & (
                condition
                | (key_row >= top - locality.memory_rows)
                & (key_column >= left - locality.memory_columns)
                & (key_column < right + locality.memory_columns)
            )


@lru_cache(maxsize=32)
def blocks(
    locality: Local1D | Local2D, length: int, height: int, width: int, device: torch.device
) -> Blocks:
    """Cut `length` positions into query blocks, each with the keys that any of its queries sees."""
    size = (
        locality.query_block
        if isinstance(locality, Local1D)
        else locality.query_rows * locality.query_columns
    )
    everything = torch.arange(length)
    masks = [
        visible(locality, queries, everything, height, width) for queries in everything.split(size)
    ]
    needed = [mask.any(dim=0).nonzero().squeeze(-1) for mask in masks]
    memory = max(len(keys) for keys in needed)
    all_keys = torch.zeros(len(masks), memory, dtype=torch.long)
    all_visible = torch.zeros(len(masks), size, memory, dtype=torch.bool)
    for block, (mask, keys) in enumerate(zip(masks, needed, strict=True)):
        all_keys[block, : len(keys)] = keys
        all_visible[block, : len(mask), : len(keys)] = mask[:, keys]
    return Blocks(all_keys.to(device), all_visible.to(device))


def frames(locality: Local1D, first: int, length: int, device: torch.device) -> Blocks:
    """The blocks of the positions from `first`, where one begins, to length - 1, in equal frames.

    Every block has its keys in the same places: the condition, the memory block, the block itself.
    So the distance of a query to a key is that of their places, the same for all blocks, and the
    condition stands right before the memory wherever the block is (Huang et al. 2018, 3.4.2).
    """
    size = min(locality.query_block, length - first)
    starts = torch.arange(first, length, locality.query_block, device=device)[:, None]
    queries = starts + torch.arange(size, device=device)
    keys = starts + torch.arange(-locality.memory_block, size, device=device)
    seen = (keys > 0)[:, None] & (keys[:, None] <= queries[:, :, None])
    keys = keys.clamp(0, length - 1)
    return Blocks(F.pad(keys, (1, 0)), F.pad(seen, (1, 0), value=True))
