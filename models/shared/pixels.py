"""Pixels whose channels are predicted one after the other, for convolutions over images.

Features are in groups, one per channel, and a mask selects the groups of the current pixel that
each may use (van den Oord et al. 2016, Pixel recurrent neural networks, section 3.4). Fully masked
columns are not computed.
"""

from enum import Enum

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.settings import DataShape
from models.shared.convolution import convolve
from models.shared.heads import OutputHead, softmax_nats


class Mask(Enum):
    """Channels of the current pixel in the receptive field of a channel's features."""

    A = "earlier channels"
    B = "earlier channels and the channel itself"


class MaskedConvolution(nn.Conv2d):
    """Convolution over `reach` pixels to the left and the masked current pixel.

    inputs (features,) and outputs (features,) are the channels of its input and output features.
    """

    def __init__(
        self, inputs: Tensor, outputs: Tensor, mask: Mask = Mask.B, reach: int = 0
    ) -> None:
        current = inputs < outputs[:, None] if mask is Mask.A else inputs <= outputs[:, None]
        columns = reach + int(current.any())  # mask A of a grey pixel leaves nothing
        super().__init__(len(inputs), len(outputs), (1, columns))
        kernel_mask = torch.ones_like(self.weight, dtype=torch.bool)
        kernel_mask[..., reach:] = current[:, :, None, None]
        self.register_buffer("kernel_mask", kernel_mask, persistent=False)

    def forward(self, features: Tensor) -> Tensor:
        """Map (batch, inputs, rows, columns + kernel - 1) to (batch, outputs, rows, columns)."""
        return convolve(features, self.weight * self.kernel_mask, self.bias)


def channels_of(features: int, channels: int) -> Tensor:
    """Return the channel of each of the features (features,), in groups of one size."""
    return torch.arange(channels).repeat_interleave(features // channels)


class PixelEmbedding(nn.Embedding):
    """A vector for a condition, and a part of one for an intensity, which its channel selects."""

    def __init__(self, shape: DataShape, d_model: int) -> None:
        super().__init__(shape.inputs, d_model)
        self.layout = shape.layout

    def of_channel(self, ids: Tensor, channel: Tensor | int) -> Tensor:
        """Map intensities of `channel` to vectors (..., d_model / channels)."""
        channels = self.layout.channels
        parts = self.weight.view(-1, self.embedding_dim // channels)
        return F.embedding(ids * channels + channel, parts)

    def image(self, ids: Tensor) -> Tensor:
        """Map ids (batch, channel of a pixel) to an image (batch, d_model, rows, width).

        Zeros fill the last row, which includes the channel that is predicted last.
        """
        count = ids.shape[1]
        width, channels = self.layout.width, self.layout.channels
        vectors = self.of_channel(ids, torch.arange(count, device=ids.device) % channels)
        rows = count // (width * channels) + 1
        filled = F.pad(vectors, (0, 0, 0, rows * width * channels - count))
        return filled.unflatten(1, (rows, width, channels)).flatten(3).permute(0, 3, 1, 2)


class ChannelSoftmax(OutputHead):
    """Softmax per channel of a pixel, given the features of its earlier channels.

    Two masked 1 x 1 convolutions; features (d_model,) are the channels of the hidden features.
    """

    def __init__(self, features: Tensor, channels: int, outputs: int) -> None:
        super().__init__()
        output_channels = torch.arange(channels).repeat_interleave(outputs)
        self.output_projection = nn.Sequential(
            nn.ReLU(),
            MaskedConvolution(features, features),
            nn.ReLU(),
            MaskedConvolution(features, output_channels),
            nn.Unflatten(1, (channels, outputs)),
        )

    def nats(self, hidden: Tensor, targets: Tensor, label_smoothing: float = 0.0) -> Tensor:
        """See OutputHead: hidden (batch, pixel, d_model), targets (batch, channel of a pixel)."""
        logits = self._logits(hidden).flatten(1, 2)[:, : targets.shape[1]]
        nats = softmax_nats(logits.flatten(0, 1), targets.flatten(), label_smoothing)
        return nats.view(targets.shape)

    def next_logits(self, hidden: Tensor, observed: Tensor | None = None) -> Tensor:
        """See OutputHead: hidden (batch, d_model), observed (batch, channels already generated)."""
        channel = 0 if observed is None else observed.shape[-1]
        return self._logits(hidden[:, None])[:, 0, channel]

    def _logits(self, hidden: Tensor) -> Tensor:
        """Map hidden (batch, pixel, d_model) to logits (batch, pixel, channel, outputs)."""
        return self.output_projection(hidden.transpose(1, 2)[..., None])[..., 0].permute(0, 3, 1, 2)
