"""Keys and values of the positions that are already generated."""

import torch
from torch import Tensor


class KeyValueCache:
    """Room for `length` positions of one attention layer, filled from the front."""

    def __init__(self, batch: int, heads: int, length: int, d_head: int, like: Tensor) -> None:
        self.keys = like.new_empty(batch, heads, length, d_head)
        self.values = torch.empty_like(self.keys)
        self.length = 0

    def append(self, key: Tensor, value: Tensor) -> tuple[Tensor, Tensor]:
        """Add one position, (batch, heads, 1, d_head); return all, (batch, heads, key, d_head)."""
        self.keys[:, :, self.length] = key[:, :, 0]
        self.values[:, :, self.length] = value[:, :, 0]
        self.length += 1
        return self.keys[:, :, : self.length], self.values[:, :, : self.length]

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order: what a beam search does with its survivors."""
        self.keys, self.values = (self._select(each, rows) for each in (self.keys, self.values))

    def _select(self, tensor: Tensor, rows: Tensor) -> Tensor:
        selected = tensor.new_empty(len(rows), *tensor.shape[1:])
        filled = tensor[:, :, : self.length]  # the rest is still empty
        selected[:, :, : self.length] = filled.index_select(0, rows)
        return selected
