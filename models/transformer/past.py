"""Decoding state of the Transformer."""

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as F

from models.settings import TransformerSettings
from models.shared.positions import AttentionPositions
from models.transformer.blocks import Blocks
from models.transformer.cache import KeyValueCache, Window, growth
from models.transformer.patterns import Pattern


@dataclass
class Past:
    """Key-value caches of all layers, and which of their slots each row sees.

    Slot 0 holds the first position, the condition, to which all attend; the others are a ring of
    the last `kept` positions. `blocks` are those of local attention, None with full attention.
    `ancestors` (row, slot, beam) is 0 where a slot holds an ancestor of the row, else -inf. `ids`
    (row, position) are those fed so far, None if positions do not use them.
    """

    caches: list[KeyValueCache]
    blocks: Blocks | None
    kept: int
    ancestors: Tensor
    ids: Tensor | None

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order; those of a group have to stay together."""
        beam = self.ancestors.shape[2]
        groups = rows[::beam] // beam
        if not torch.equal(groups * beam, torch.arange(0, len(self.ancestors), beam).to(groups)):
            for cache in self.caches:
                cache.select(groups)
        self.ancestors = self.ancestors.index_select(0, rows)
        if self.ids is not None:
            self.ids = self.ids[rows]

    def window(self, position: int) -> Window:
        """Return what the queries at `position` see, and make room for them."""
        slot, (rows, slots, beam) = self._slot(position), self.ancestors.shape
        if slot == slots:
            self.ancestors = F.pad(self.ancestors, (0, 0, 0, growth(slots, beam)), value=-torch.inf)
        themselves = torch.eye(beam, device=self.ancestors.device).log()
        self.ancestors.unflatten(0, (-1, beam))[:, :, slot] = themselves
        bias = self.ancestors
        if self.blocks is None:
            seen = places = slice(position + 1)
            count = position + 1
        else:
            keys, places, count = self.blocks.visible(position)
            seen = self._slot(keys)
            hidden = bias.new_full(bias.shape[1:2], -torch.inf).index_fill_(0, seen, 0.0)
            bias = bias + hidden[:, None]
        heads = self.caches[0].keys.shape[1]
        by_group = bias.view(rows // beam, 1, beam, -1)
        bias = by_group.expand(-1, heads, -1, -1).flatten(0, 1)
        return Window(position, slot, bias, seen, places, count)

    def feed(self, ids: Tensor) -> None:
        """Record the next ids (row,) if positions use them."""
        if self.ids is not None:
            self.ids = torch.cat((self.ids, ids[:, None]), dim=1)

    def _slot(self, position: int | Tensor) -> int | Tensor:
        return (position > 0) * ((position - 1) % self.kept + 1)


def empty_past(
    settings: TransformerSettings,
    pattern: Pattern,
    positions: AttentionPositions | None,
    groups: int,
    beam: int,
    length: int,
    like: Tensor,
) -> Past:
    """Allocate empty caches for `groups` of `beam` rows, with device and dtype of `like`.

    With a local pattern they keep only what a query can reach of `length` positions.
    """
    blocks = pattern.decoding_blocks(length, positions, like.device)
    kept = length if blocks is None else blocks.reach
    d_head = settings.d_model // settings.num_heads
    caches = [
        KeyValueCache(groups, beam, settings.num_heads, d_head, like)
        for _ in range(settings.num_layers)
    ]
    rows = groups * beam
    uses_ids = positions is not None and positions.uses_ids
    return Past(
        caches,
        blocks,
        kept,
        like.new_empty(rows, 0, beam),
        torch.empty(rows, 0, dtype=torch.long, device=like.device) if uses_ids else None,
    )
