"""Blocks of local attention: the keys of each query block, and the attention mask between them.

Positions are in generation order. The input at a position is the token before the one predicted
there, so a position may attend to itself and to all before it. The first input is the condition of
the sequence (a class, the start of a piece), to which all positions may attend.
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
    """Consecutive query blocks of equal size, with the keys of each block.

    `keys` (block, memory) are positions; `mask` (block, query, memory) is True where a query may
    attend, and False at the padding of a short memory.
    """

    keys: Tensor
    mask: Tensor

    @property
    def reach(self) -> int:
        """Number of most recent positions that a cache has to keep, without the condition."""
        ends = torch.arange(1, len(self.keys) + 1, device=self.keys.device) * self.mask.shape[1]
        needed = self.mask.any(dim=1) & (self.keys > 0)
        oldest = torch.where(needed, self.keys, ends[:, None] - 1).amin(dim=1)
        return int((ends - oldest).max())

    def visible(self, position: int) -> tuple[Tensor, Tensor, int]:
        """Return the key positions (key,) of the query at `position`, ascending; and its frame.

        The frame of a query are the keys of its block up to its own: the indices (key,) of the
        visible keys there, and its size. In `frames` index distances are those of the sequence.
        """
        block, query = divmod(position, self.mask.shape[1])
        places = self.mask[block, query].nonzero().squeeze(-1)
        count = self.keys.shape[1] - self.mask.shape[1] + query + 1
        return self.keys[block, places], places, count


def local_mask(
    attention: Local1D | Local2D, queries: Tensor, keys: Tensor, height: int, width: int
) -> Tensor:
    """Return the attention mask (query, key) of positions `queries` and `keys`, by definition.

    `height` and `width` of the image only matter for local 2-D attention.
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
            # The input at position j is the pixel generated at position j - 1.
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
    """Split `length` positions into query blocks, with the keys that any query of a block needs.

    Evaluates `local_mask` only in the neighbourhood of each block: O(length * memory).
    """
    size = (
        attention.query_block
        if isinstance(attention, Local1D)
        else attention.query_rows * attention.query_columns
    )
    masks, needed = [], []
    for queries in torch.arange(length).split(size):
        keys = _candidate_keys(attention, len(masks), width)
        keys = keys[keys <= queries[-1]]
        mask = local_mask(attention, queries, keys, height, width)
        used = mask.any(dim=0)
        masks.append(mask[:, used])
        needed.append(keys[used])
    memory = max(len(keys) for keys in needed)
    all_keys = torch.zeros(len(masks), memory, dtype=torch.long)
    all_masks = torch.zeros(len(masks), size, memory, dtype=torch.bool)
    for block, (mask, keys) in enumerate(zip(masks, needed, strict=True)):
        all_keys[block, : len(keys)] = keys
        all_masks[block, : len(mask), : len(keys)] = mask
    return Blocks(all_keys.to(device), all_masks.to(device))


@lru_cache(maxsize=32)
def frames(attention: Local1D, length: int, device: torch.device) -> Blocks:
    """Split `length` positions into query blocks with the same key layout.

    The keys of each block are the condition, the memory block and the block itself, at the same
    indices. Index distances are therefore the relative positions of all blocks; the condition
    counts as the position before the memory block (Huang et al. 2018, section 3.4.2).
    """
    size = min(attention.query_block, length)
    starts = torch.arange(0, length, attention.query_block, device=device)[:, None]
    queries = starts + torch.arange(size, device=device)
    keys = starts + torch.arange(-attention.memory_block, size, device=device)
    mask = (keys > 0)[:, None] & (keys[:, None] <= queries[:, :, None])
    keys = keys.clamp(0, length - 1)
    return Blocks(F.pad(keys, (1, 0)), F.pad(mask, (1, 0), value=True))


def _candidate_keys(attention: Local1D | Local2D, block: int, width: int) -> Tensor:
    """Return ascending positions that include all keys of a query block."""
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
