"""Convolutions with the same bits on every processor, as products of patches and weights."""

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
    patches = inputs
    for axis, size in enumerate(weight.shape[2:], start=2):
        patches = patches.unfold(axis, size, 1)
    patches = patches.movedim(1, axes + 1).flatten(axes + 1)  # (batch, *positions, terms)
    return linear(patches, weight.flatten(1), bias).movedim(-1, 1)


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
