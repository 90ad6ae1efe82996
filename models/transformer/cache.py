"""Key-value cache of one attention layer."""

import torch
from torch import Tensor

from models.transformer.patterns import Window


class KeyValueCache:
    """Keys and values of the first position and a ring buffer of the last `kept` ones after it.

    The first position is the condition, to which all attend; full attention keeps all positions.
    """

    def __init__(self, batch: int, heads: int, kept: int, d_head: int, like: Tensor) -> None:
        self.keys = like.new_empty(batch, heads, 1 + kept, d_head)
        self.values = torch.empty_like(self.keys)
        self.kept, self.length = kept, 0

    def append(self, key: Tensor, value: Tensor, window: Window | None) -> tuple[Tensor, Tensor]:
        """Append one position (batch, heads, 1, d_head); return keys and values of `window`.

        Both are (batch, heads, key, d_head). `window` may only select positions that are still in
        the ring buffer; None selects all, in order.
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
        """Keep the batch rows `rows`, in that order, as after a step of beam search."""
        self.keys, self.values = self._select(self.keys, rows), self._select(self.values, rows)

    def _slot(self, position: int | Tensor) -> int | Tensor:
        return (position > 0) * ((position - 1) % self.kept + 1)

    def _select(self, tensor: Tensor, rows: Tensor) -> Tensor:
        filled = min(self.length, 1 + self.kept)  # the rest is still empty
        selected = tensor.new_empty(len(rows), *tensor.shape[1:])
        selected[:, :, :filled] = tensor[:, :, :filled].index_select(0, rows)
        return selected
