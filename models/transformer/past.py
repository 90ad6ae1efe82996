"""What a Transformer's decoder keeps of the positions that are already fed."""

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
    """The caches of all layers.

    `ids` (batch, position) are those fed so far, if positions use them; `blocks` say what a
    position may attend to, None with full attention, and `framed` whether its keys keep their
    indices.
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
        """What the query at `position` may attend to, None for all."""
        if self.blocks is None:
            return None
        if self.framed:
            return Window(*self.blocks.frame(position))
        return Window(self.blocks.visible_keys(position))

    def feed(self, ids: Tensor) -> None:
        """Take note of the next ids (batch,), if positions use them."""
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
    """The past before the first of `length` positions, with the device and type of `like`.

    Its caches hold all of them, or as many as a position may see with a local pattern.
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
