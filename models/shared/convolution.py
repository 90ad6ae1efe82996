"""Convolutions with the same bits on every processor, as products of patches and weights."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.shared.products import are_defined, linear


def convolve(inputs: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
    """Convolve inputs (batch, channels, *positions) with weight (outputs, channels, *kernel).

    One or two axes of positions, without padding; returns (batch, outputs, *positions).
    """
    axes = weight.dim() - 2
    if not are_defined(inputs, weight):
        return (F.conv1d if axes == 1 else F.conv2d)(inputs, weight, bias)
    patches = _Patches.apply(inputs.movedim(1, -1), weight.shape[2:])
    return linear(patches, weight.movedim(1, -1).flatten(1), bias).movedim(-1, 1)


class _Patches(torch.autograd.Function):
    """What each position of a kernel sees: (batch, *positions, channels of the whole kernel)."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, kernel: torch.Size) -> Tensor:
        ctx.shape, ctx.kernel = inputs.shape, kernel
        return torch.cat([inputs[part] for part in _parts(inputs.shape, kernel)], dim=-1)

    @staticmethod
    def backward(ctx: Any, of_patches: Tensor) -> tuple[Tensor, None]:
        of_inputs = of_patches.new_zeros(ctx.shape)
        of_parts = of_patches.split(ctx.shape[-1], dim=-1)
        for part, of_part in zip(_parts(ctx.shape, ctx.kernel), of_parts, strict=True):
            of_inputs[part] += of_part
        return of_inputs, None


def _parts(shape: torch.Size, kernel: torch.Size) -> Iterator[tuple[slice, ...]]:
    """What each element of the kernel sees of inputs (batch, *positions, channels)."""
    for offsets in product(*map(range, kernel)):
        sides = zip(offsets, kernel, shape[1:-1], strict=True)
        yield slice(None), *(slice(first, side - size + first + 1) for first, size, side in sides)


class Conv1d(nn.Conv1d):
    """nn.Conv1d without padding, by `convolve`."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (batch, in_channels, length + kernel - 1) to (batch, out_channels, length)."""
        return convolve(inputs, self.weight, self.bias)


class Conv2d(nn.Conv2d):
    """nn.Conv2d without padding, by `convolve`."""

    def forward(self, inputs: Tensor) -> Tensor:
        """Map (batch, in_channels, rows + kernel - 1, ...) to (batch, out_channels, rows, ...)."""
        return convolve(inputs, self.weight, self.bias)
