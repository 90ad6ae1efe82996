"""Rotary positions (Su et al. 2021, RoFormer, section 3.2)."""

import torch
from torch import Tensor

from models.settings import Rotary as Settings
from models.shared.positions import AttentionPositions, Site, query_positions


class Rotary(AttentionPositions):
    """Rotate each pair of query and key components by an angle proportional to the position.

    The product of a query at i and a key at j depends on i - j only: R_i q . R_j k = q . R_(j-i) k
    (eq. 16). Pair n rotates by base^(-2n / d_head) per position (eq. 15).
    """

    rotates_only = True

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.base = settings.base

    def rotate(self, heads: Tensor, first: int | Tensor) -> Tensor:
        """Map queries or keys (batch, heads, length, d_head) to the same shape (eq. 34)."""
        length, d_head = heads.shape[-2:]
        options = {"device": heads.device, "dtype": torch.promote_types(heads.dtype, torch.float32)}
        # bfloat16 is exact up to 256
        positions = query_positions(first, length, heads.device).to(options["dtype"])
        pairs = torch.arange(0, d_head, 2, **options)
        angles = positions[..., None] * self.base ** (-pairs / d_head)
        even, odd = heads[..., 0::2], heads[..., 1::2]
        cosines, sines = angles.cos(), angles.sin()
        rotated = (even * cosines - odd * sines, even * sines + odd * cosines)
        return torch.stack(rotated, dim=-1).flatten(-2).to(heads.dtype)
