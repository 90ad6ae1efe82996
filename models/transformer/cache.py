"""Keys and values of the positions fed so far, and attention to them, one position at a time.

A batch has `beam` consecutive rows per group: the hypotheses of a beam search, which share
ancestors. A slot holds one position of all rows. A row sees its ancestors there: hypotheses that
change places in their group move no keys and values.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.shared.positions import AttentionPositions
from models.transformer.patterns import Heads

KEYS = 16  # the fewest of a softmax: for fewer it takes five times as long on a CPU


def growth(slots: int, beam: int) -> int:
    """Return the slots by which a cache grows: at least KEYS keys, and more if it is long."""
    return max(-(-KEYS // beam), slots // 32)


@dataclass(frozen=True)
class Window:
    """What the queries of one decoding step see; the same for all layers.

    The step is at `position` and writes its keys and values into `slot`. `bias` (group * heads,
    beam, slot * beam) is 0 at the keys that a row sees, else -inf. For position schemes, visible
    `slots` (key,) are at indices `places` (key,) of a frame of `count` keys, the query's last.
    """

    position: int
    slot: int
    bias: Tensor
    slots: Tensor | slice
    places: Tensor | slice
    count: int


class KeyValueCache:
    """Keys and values of one self-attention layer.

    `keys` (group, heads, d_head, slot, beam), `values` (group, heads, slot, beam, d_head): products
    with a query read them as they are.
    """

    def __init__(self, groups: int, beam: int, heads: int, d_head: int, like: Tensor) -> None:
        self.keys = like.new_empty(groups, heads, d_head, 0, beam)
        self.values = like.new_empty(groups, heads, 0, beam, d_head)

    def step(self, heads: Heads, window: Window, positions: AttentionPositions | None) -> Tensor:
        """Write one position of heads (batch, heads, 1, d_head), and attend to `window` with it.

        Returns the attention output, of the shape of the query.
        """
        beam = self.values.shape[3]
        query, key, value = (
            each.squeeze(2).unflatten(0, (-1, beam)).transpose(1, 2)
            for each in (heads.query, heads.key, heads.value)
        )
        self.write(window.slot, key, value)
        attended = self.attend(query, window, positions, heads.ids)
        return attended.transpose(1, 2).reshape(heads.query.shape)

    def write(self, slot: int, key: Tensor, value: Tensor) -> None:
        """Write the key and value (group, heads, beam, d_head) of one position."""
        if slot == self.keys.shape[3]:
            groups, heads, beam, d_head = key.shape
            added = growth(slot, beam)
            new = key.new_zeros(groups, heads, d_head, added, beam)
            self.keys = torch.cat((self.keys, new), dim=3)
            self.values = torch.cat((self.values, new.view(groups, heads, added, beam, -1)), dim=2)
        self.keys[:, :, :, slot] = key.transpose(2, 3)
        self.values[:, :, slot] = value

    def select(self, groups: Tensor) -> None:
        """Keep the groups `groups`, in that order."""
        self.keys = self.keys.index_select(0, groups)
        self.values = self.values.index_select(0, groups)

    def attend(
        self,
        query: Tensor,
        window: Window,
        positions: AttentionPositions | None,
        ids: Tensor | None,
    ) -> Tensor:
        """Map query (group, heads, beam, d_head) to the same shape: `attention` to `window`.

        `positions` add their terms to logits and output, for `ids` (batch, position).
        """
        groups, heads, beam, d_head = query.shape
        keys = self.keys.view(groups * heads, d_head, -1)
        values = self.values.view(groups * heads, -1, d_head)
        if positions is None or positions.rotates_only:
            return attend(query, keys, values, window.bias)
        logits = scaled_products(query, keys, window.bias)
        by_slot = groups, heads, beam, -1, beam
        rows, first = query.transpose(1, 2).reshape(-1, heads, 1, d_head), window.count - 1
        term = positions.logits(rows * d_head**-0.5, first, window.count, ids)
        term = _by_group(
            torch.as_tensor(term).to(rows).expand(len(rows), heads, 1, window.count), beam
        )
        logits.view(by_slot)[:, :, :, window.slots] += term[..., window.places, None]
        weights = logits.softmax(dim=-1)
        attended = (weights @ values).view_as(query)
        if not positions.adds_values:
            return attended
        by_place = weights.new_zeros(groups, beam, heads, window.count)
        by_key = weights.view(by_slot).sum(dim=-1)[..., window.slots]
        by_place[..., window.places] = by_key.transpose(1, 2)
        added = positions.values(by_place.view(-1, heads, 1, window.count), first, ids)
        return attended + _by_group(added, beam)


def attend(query: Tensor, keys: Tensor, values: Tensor, bias: Tensor) -> Tensor:
    """softmax(Q K^T / sqrt(d_head) + bias) V, of the shape of query (batch, heads, query, d_head).

    keys (batch * heads, d_head, key), values (batch * heads, key, d_head), bias (batch * heads,
    query, key). For few queries it is several times as fast as the fused kernel.
    """
    return (scaled_products(query, keys, bias).softmax(dim=-1) @ values).view_as(query)


def scaled_products(query: Tensor, keys: Tensor, bias: Tensor) -> Tensor:
    """Return Q K^T / sqrt(d_head) + bias, (batch * heads, query, key).

    query (batch, heads, query, d_head), keys (batch * heads, d_head, key).
    """
    scale = query.shape[-1] ** -0.5
    return torch.baddbmm(bias, query.flatten(0, 1), keys, alpha=scale)


def _by_group(rows: Tensor, beam: int) -> Tensor:
    """Map rows (group * beam, heads, 1, width) to (group, heads, beam, width)."""
    return rows.squeeze(2).unflatten(0, (-1, beam)).transpose(1, 2)
