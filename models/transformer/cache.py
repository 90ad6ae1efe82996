"""Keys and values of the positions that are already generated."""

import torch
from torch import Tensor

from models.transformer.patterns import Window


class KeyValueCache:
    """The first position of one attention layer, and a ring of the last `kept` ones after it.

    The first is the condition, which all may see; full attention keeps every position.
    """

    def __init__(self, batch: int, heads: int, kept: int, d_head: int, like: Tensor) -> None:
        self.keys = like.new_empty(batch, heads, 1 + kept, d_head)
        self.values = torch.empty_like(self.keys)
        self.kept, self.length = kept, 0

    def append(self, key: Tensor, value: Tensor, window: Window | None) -> tuple[Tensor, Tensor]:
        """Add one position (batch, heads, 1, d_head); return those in `window` (..., key, d_head).

        `window` names positions that the ring still holds; None stands for all, in their order.
        """
        slot = self.length if window is None else self._slot(self.length)
        self.keys[:, :, slot] = key[:, :, 0]
        self.values[:, :, slot] = value[:, :, 0]
        self.length += 1
        if window is None:
            return self.keys[:, :, : self.length], self.values[:, :, : self.length]
        slots = self._slot(window.keys)
        return self.keys.index_select(2, slots), self.values.index_select(2, slots)

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order: what a beam search does with its survivors."""
        self.keys, self.values = (self._select(each, rows) for each in (self.keys, self.values))

    def _slot(self, position: int | Tensor) -> int | Tensor:
        return (position > 0) * ((position - 1) % self.kept + 1)

    def _select(self, tensor: Tensor, rows: Tensor) -> Tensor:
        filled = min(self.length, 1 + self.kept)  # the rest is still empty
        selected = tensor.new_empty(len(rows), *tensor.shape[1:])
        selected[:, :, :filled] = tensor[:, :, :filled].index_select(0, rows)
        return selected
