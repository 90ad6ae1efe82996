"""Keys and values of rows that differ in their lengths, several positions of each fed at once.

A slot holds a position of its own row. A row that is shortened is not moved: what is fed to it next
overwrites the slots of the positions that it lost.
"""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from models.settings import TransformerSettings
from models.shared.positions import AttentionPositions
from models.transformer.cache import KEYS, KeyValueCache, Window, attend, scaled_products
from models.transformer.patterns import Frames, Heads, Pattern


@dataclass(frozen=True)
class RowWindow:
    """Where the positions that are fed go, and what they see; the same for all layers.

    `position` (row, query) are those of the queries, `slots` (row, query) where their keys and
    values are written. `bias` (row * heads, query, slot) is 0 at the slots that a query sees, else
    -inf. For position schemes, `frames` say where queries and slots are.
    """

    position: Tensor
    slots: Tensor
    bias: Tensor
    frames: Frames


class RowCache:
    """Keys and values of one self-attention layer, for RowWindows.

    `keys` (row, heads, d_head, slot), `values` (row, heads, slot, d_head).
    """

    def __init__(self, rows: int, heads: int, d_head: int, like: Tensor) -> None:
        self.keys = like.new_zeros(rows, heads, d_head, 0)
        self.values = like.new_zeros(rows, heads, 0, d_head)

    def step(self, heads: Heads, window: RowWindow, positions: AttentionPositions | None) -> Tensor:
        """Write the positions of `heads`, and attend to `window` with their queries."""
        self._write(heads, window)
        query = heads.query
        keys, values = self.keys.flatten(0, 1), self.values.flatten(0, 1)
        if positions is None or positions.rotates_only:
            return attend(query, keys, values, window.bias)
        frames, slots = window.frames, self.keys.shape[3]
        logits = scaled_products(query, keys, window.bias).view(*query.shape[:3], slots)
        scaled = query * query.shape[-1] ** -0.5
        term = positions.logits(scaled, frames.queries, frames.keys or slots, heads.ids)
        weights = (logits + frames.by_slot(term, logits.shape)).softmax(dim=-1)
        attended = weights @ self.values
        if not positions.adds_values:
            return attended
        return attended + positions.values(frames.by_key(weights), frames.queries, heads.ids)

    def select(self, rows: Tensor) -> None:
        """Keep the rows `rows`, in that order."""
        self.keys, self.values = self.keys.index_select(0, rows), self.values.index_select(0, rows)

    def _write(self, heads: Heads, window: RowWindow) -> None:
        added = window.bias.shape[-1] - self.keys.shape[3]
        if added:
            self.keys = F.pad(self.keys, (0, added))
            self.values = F.pad(self.values, (0, 0, 0, added))
        rows = torch.arange(len(self.keys), device=self.keys.device)[:, None]
        self.keys[rows, :, :, window.slots] = heads.key.transpose(1, 2)
        self.values[rows, :, window.slots] = heads.value.transpose(1, 2)


Cache = KeyValueCache | RowCache
AnyWindow = Window | RowWindow


@dataclass
class RowPast:
    """Caches of all layers for rows of at most `max_length` positions.

    A row that is fed more writes them to a slot that no query sees. `ids` (row, slot) are those
    fed, None if positions do not use them.
    """

    caches: list[RowCache]
    pattern: Pattern
    positions: AttentionPositions | None
    max_length: int
    ids: Tensor | None

    def reorder(self, rows: Tensor) -> None:
        """Keep the rows `rows`, in that order."""
        for cache in self.caches:
            cache.select(rows)
        if self.ids is not None:
            self.ids = self.ids.index_select(0, rows)

    def window(self, lengths: Tensor, ids: Tensor) -> RowWindow:
        """Return what `ids` (row, query) see that follow the first `lengths` (row,) of a row."""
        positions = lengths[:, None] + torch.arange(ids.shape[1], device=ids.device)
        slots = positions.clamp(max=self.max_length)
        positions = positions.clamp(max=self.max_length - 1)
        keys = self.caches[0].keys
        count = self._slots(int(slots.max()) + 1, keys.shape[3])
        if self.ids is not None:
            self.ids = F.pad(self.ids, (0, count - self.ids.shape[1])).scatter(1, slots, ids)
        seen = self.pattern.visible(positions, count)
        bias = torch.zeros_like(seen, dtype=keys.dtype).masked_fill_(~seen, -torch.inf)
        bias = bias[:, None].expand(-1, keys.shape[1], -1, -1).flatten(0, 1)
        frames = self.pattern.frames_of(positions, count, self.positions)
        return RowWindow(positions, slots, bias, frames)

    def _slots(self, needed: int, present: int) -> int:
        """Return the number of slots, which grows by at least KEYS, and more if it is large."""
        if needed <= present:
            return present
        return max(needed, present + max(KEYS, present // 4))


def empty_row_past(
    settings: TransformerSettings,
    pattern: Pattern,
    positions: AttentionPositions | None,
    rows: int,
    max_length: int,
    like: Tensor,
) -> RowPast:
    """Allocate empty caches for `rows`, with device and dtype of `like`."""
    d_head = settings.d_model // settings.num_heads
    caches = [RowCache(rows, settings.num_heads, d_head, like) for _ in range(settings.num_layers)]
    uses_ids = positions is not None and positions.uses_ids
    ids = torch.zeros(rows, 0, dtype=torch.long, device=like.device) if uses_ids else None
    return RowPast(caches, pattern, positions, max_length, ids)
