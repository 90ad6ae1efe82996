"""Decoding state of the Transformer."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.settings import TransformerSettings
from models.shared.positions import AttentionPositions
from models.transformer.blocks import Blocks
from models.transformer.cache import KeyValueCache
from models.transformer.patterns import Pattern, Window, is_relative


@dataclass
class Past:
    """Key-value caches of all layers.

    `blocks` are those of local attention, None with full attention; `framed` if made by `frames`.
    `ids` (batch, position) are those fed so far, None if positions do not use them.
    """

    caches: list[KeyValueCache]
    blocks: Blocks | None
    framed: bool
    ids: Tensor | None

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        for cache in self.caches:
            cache.reorder(rows)
        if self.ids is not None:
            self.ids = self.ids[rows]

    def window(self, position: int) -> Window | None:
        """Return the keys of the query at `position`; None: all."""
        if self.blocks is None:
            return None
        if self.framed:
            return Window(*self.blocks.frame(position))
        return Window(self.blocks.visible_keys(position))

    def feed(self, ids: Tensor) -> None:
        """Record the next ids (batch,) if positions use them."""
        if self.ids is not None:
            self.ids = torch.cat((self.ids, ids[:, None]), dim=1)


def empty_past(
    settings: TransformerSettings,
    pattern: Pattern,
    positions: AttentionPositions | None,
    batch: int,
    length: int,
    like: Tensor,
) -> Past:
    """Allocate empty caches for `length` positions, with device and dtype of `like`.

    With a local pattern they keep only the positions that a query can reach.
    """
    blocks = pattern.decoding_blocks(length, positions, like.device)
    kept = length if blocks is None else blocks.reach
    d_head = settings.d_model // settings.num_heads
    caches = [
        KeyValueCache(batch, settings.num_heads, kept, d_head, like)
        for _ in range(settings.num_layers)
    ]
    uses_ids = positions is not None and positions.uses_ids
    ids = torch.empty(batch, 0, dtype=torch.long, device=like.device) if uses_ids else None
    return Past(caches, blocks, is_relative(positions), ids)
