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
class Blockwise:
    """Full attention to be computed in blocks of queries: its mask is never whole.

    `keys` (batch or 1, 1, 1, key) is True where there is no padding; if `causal`, a query sees none
    after its own position.
    """

    keys: Tensor
    causal: bool

    def of(self, first: int, last: int) -> Tensor:
        """The mask (..., query, key) of the queries from `first` to `last`, later keys cut off."""
        if not self.causal:
            return self.keys
        causal = torch.ones(last - first, last, dtype=torch.bool, device=self.keys.device)
        return self.keys[..., :last] & causal.tril(first)

    def __getitem__(self, rows: Tensor) -> "Blockwise":
        """The batch rows `rows`, in that order."""
        return Blockwise(self.keys[rows], self.causal)


@dataclass(frozen=True)
class Blocks:
    """Queries in consecutive blocks of one size, and the keys that each block needs.

    `keys` (block, memory) are positions, `visible` (block, query, memory) is True where the query
    may attend; positions that fill up a short memory are never visible.
    """

    keys: Tensor
    visible: Tensor

    @property
    def reach(self) -> int:
        """How many last positions hold all that a query may attend to, the condition aside."""
        ends = torch.arange(1, len(self.keys) + 1, device=self.keys.device) * self.visible.shape[1]
        needed = self.visible.any(dim=1) & (self.keys > 0)
        oldest = torch.where(needed, self.keys, ends[:, None] - 1).amin(dim=1)
        return int((ends - oldest).max())

    def seen(self, position: int) -> Tensor:
        """The positions that the query at `position` may attend to, in ascending order."""
        block, query = divmod(position, self.visible.shape[1])
        return self.keys[block, self.visible[block, query]]

    def frame(self, position: int) -> "Blocks":
        """The block of the query at `position` alone, its keys up to its own position in place."""
        block, query = divmod(position, self.visible.shape[1])
        places = self.keys.shape[1] - self.visible.shape[1] + query + 1
        visible = self.visible[block : block + 1, query : query + 1, :places]
        return Blocks(self.keys[block : block + 1, :places], visible)


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


@lru_cache(maxsize=32)
def raster_indices(
    locality: Full | Local1D | Local2D, height: int, width: int, device: torch.device
) -> Tensor:
    """`generation_order` as a tensor (position,), made once."""
    return torch.tensor(generation_order(locality, height, width), device=device)


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
            order = raster_indices(locality, height, width, i.device)
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
    """Cut `length` positions into query blocks, each with the keys that any of its queries sees.

    Asks `visible` about the surroundings of each block alone: O(length * memory).
    """
    size = (
        locality.query_block
        if isinstance(locality, Local1D)
        else locality.query_rows * locality.query_columns
    )
    masks, needed = [], []
    for queries in torch.arange(length).split(size):
        keys = _surroundings(locality, len(masks), width)
        keys = keys[keys <= queries[-1]]
        mask = visible(locality, queries, keys, height, width)
        seen = mask.any(dim=0)
        masks.append(mask[:, seen])
        needed.append(keys[seen])
    memory = max(len(keys) for keys in needed)
    all_keys = torch.zeros(len(masks), memory, dtype=torch.long)
    all_visible = torch.zeros(len(masks), size, memory, dtype=torch.bool)
    for block, (mask, keys) in enumerate(zip(masks, needed, strict=True)):
        all_keys[block, : len(keys)] = keys
        all_visible[block, : len(mask), : len(keys)] = mask
    return Blocks(all_keys.to(device), all_visible.to(device))


def frames(locality: Local1D, length: int, device: torch.device) -> Blocks:
    """The blocks of `length` positions, in equal frames.

    Every block has its keys in the same places: the condition, the memory block, the block itself.
    So the distance of a query to a key is that of their places, the same for all blocks, and the
    condition stands right before the memory wherever the block is (Huang et al. 2018, 3.4.2).
    """
    size = min(locality.query_block, length)
    starts = torch.arange(0, length, locality.query_block, device=device)[:, None]
    queries = starts + torch.arange(size, device=device)
    keys = starts + torch.arange(-locality.memory_block, size, device=device)
    seen = (keys > 0)[:, None] & (keys[:, None] <= queries[:, :, None])
    keys = keys.clamp(0, length - 1)
    return Blocks(F.pad(keys, (1, 0)), F.pad(seen, (1, 0), value=True))


def _surroundings(locality: Local1D | Local2D, block: int, width: int) -> Tensor:
    """Positions in ascending order, among them all that the queries of a block may attend to."""
    if isinstance(locality, Local1D):
        start = block * locality.query_block
        near = torch.arange(max(1, start - locality.memory_block), start + locality.query_block)
    else:
        tall, wide = locality.query_rows, locality.query_columns
        down, across = divmod(block, width // wide)
        row = torch.arange(max(0, down * tall - locality.memory_rows), (down + 1) * tall)[:, None]
        column = torch.arange(
            max(0, across * wide - locality.memory_columns),
            min(width, (across + 1) * wide + locality.memory_columns),
        )
        block_of = row // tall * (width // wide) + column // wide
        pixels = block_of * tall * wide + row % tall * wide + column % wide
        near = pixels.flatten().sort().values + 1  # a pixel is the input one step after it
    return torch.cat((torch.zeros(1, dtype=torch.long), near))
