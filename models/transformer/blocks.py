"""Local attention in blocks: which keys each block of queries needs, and which of them it sees.

Positions are counted in generation order. The input at a position is the token before the one
predicted there, so a position may attend to itself and to what was generated before it. The first
input is no part of the sequence but its condition (a class, the start of a piece): all may see it.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor
from torch.nn import functional as F

from models.settings import Local1D, Local2D
from models.shared.coordinates import raster_indices


@dataclass(frozen=True)
class Blocks:
    """Queries in consecutive blocks of one size, and the keys that each block needs.

    `keys` (block, memory) are positions, `mask` (block, query, memory) is True where the query may
    attend; positions that fill up a short memory are masked.
    """

    keys: Tensor
    mask: Tensor

    @property
    def reach(self) -> int:
        """How many of the last positions hold all that a query may see, the condition aside."""
        ends = torch.arange(1, len(self.keys) + 1, device=self.keys.device) * self.mask.shape[1]
        needed = self.mask.any(dim=1) & (self.keys > 0)
        oldest = torch.where(needed, self.keys, ends[:, None] - 1).amin(dim=1)
        return int((ends - oldest).max())

    def visible_keys(self, position: int) -> Tensor:
        """The positions that the query at `position` may attend to, in ascending order."""
        block, query = divmod(position, self.mask.shape[1])
        return self.keys[block, self.mask[block, query]]

    def frame(self, position: int) -> tuple[Tensor, Tensor]:
        """The keys (key,) of the block of the query at `position`, up to its own, and their mask.

        In place: the distance from the query to a key is that of their indices.
        """
        block, query = divmod(position, self.mask.shape[1])
        count = self.keys.shape[1] - self.mask.shape[1] + query + 1
        return self.keys[block, :count], self.mask[block, query, :count]


def local_mask(
    attention: Local1D | Local2D, queries: Tensor, keys: Tensor, height: int, width: int
) -> Tensor:
    """Whether each of `queries` may attend to each of `keys`: (query, key), the definition.

    `height` and `width` are the image's; they only matter for local 2-D attention.
    """
    i, j = queries[:, None], keys[None, :]
    causal = j <= i
    condition = j == 0
    match attention:
        case Local1D(query_block=size, memory_block=memory):
            return causal & (condition | (j >= i // size * size - memory))
        case Local2D():
            order = raster_indices(attention, height, width, i.device)
            top = order[i] // width // attention.query_rows * attention.query_rows
            left = order[i] % width // attention.query_columns * attention.query_columns
            right = left + attention.query_columns
            # A key is where the pixel is that it carries: one step back in the order.
            key_row, key_column = order[j - 1] // width, order[j - 1] % width
            return causal & (
                condition
                | (key_row >= top - attention.memory_rows)
                & (key_column >= left - attention.memory_columns)
                & (key_column < right + attention.memory_columns)
            )


@lru_cache(maxsize=32)
def blocks(
    attention: Local1D | Local2D, length: int, height: int, width: int, device: torch.device
) -> Blocks:
    """Cut `length` positions into query blocks, each with the keys that any of its queries sees.

    Asks `local_mask` about the surroundings of each block alone: O(length * memory).
    """
    size = (
        attention.query_block
        if isinstance(attention, Local1D)
        else attention.query_rows * attention.query_columns
    )
    masks, needed = [], []
    for queries in torch.arange(length).split(size):
        keys = _surroundings(attention, len(masks), width)
        keys = keys[keys <= queries[-1]]
        mask = local_mask(attention, queries, keys, height, width)
        seen = mask.any(dim=0)
        masks.append(mask[:, seen])
        needed.append(keys[seen])
    memory = max(len(keys) for keys in needed)
    all_keys = torch.zeros(len(masks), memory, dtype=torch.long)
    all_masks = torch.zeros(len(masks), size, memory, dtype=torch.bool)
    for block, (mask, keys) in enumerate(zip(masks, needed, strict=True)):
        all_keys[block, : len(keys)] = keys
        all_masks[block, : len(mask), : len(keys)] = mask
    return Blocks(all_keys.to(device), all_masks.to(device))


@lru_cache(maxsize=32)
def frames(attention: Local1D, length: int, device: torch.device) -> Blocks:
    """The blocks of `length` positions, in equal frames.

    Every block has its keys at the same indices: the condition, the memory block, the block itself.
    So the distance from a query to a key is that of their indices, the same for all blocks, and the
    condition is right before the memory wherever the block is (Huang et al. 2018, 3.4.2).
    """
    size = min(attention.query_block, length)
    starts = torch.arange(0, length, attention.query_block, device=device)[:, None]
    queries = starts + torch.arange(size, device=device)
    keys = starts + torch.arange(-attention.memory_block, size, device=device)
    seen = (keys > 0)[:, None] & (keys[:, None] <= queries[:, :, None])
    keys = keys.clamp(0, length - 1)
    return Blocks(F.pad(keys, (1, 0)), F.pad(seen, (1, 0), value=True))


def _surroundings(attention: Local1D | Local2D, block: int, width: int) -> Tensor:
    """Positions in ascending order, among them all that the queries of a block may attend to."""
    if isinstance(attention, Local1D):
        start = block * attention.query_block
        near = torch.arange(max(1, start - attention.memory_block), start + attention.query_block)
    else:
        tall, wide = attention.query_rows, attention.query_columns
        down, across = divmod(block, width // wide)
        row = torch.arange(max(0, down * tall - attention.memory_rows), (down + 1) * tall)[:, None]
        column = torch.arange(
            max(0, across * wide - attention.memory_columns),
            min(width, (across + 1) * wide + attention.memory_columns),
        )
        block_of = row // tall * (width // wide) + column // wide
        pixels = block_of * tall * wide + row % tall * wide + column % wide
        near = pixels.flatten().sort().values + 1  # a pixel is the input one step after it
    return torch.cat((torch.zeros(1, dtype=torch.long), near))
