"""Image Transformer with one position per pixel and a mixture of logistics for its channels.

Inputs and targets are still ids, one per channel; only hidden states are per pixel.
"""

import math
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor
from torch.nn import functional as F

from models.settings import DataShape, ImageLayout, TransformerSettings
from models.shared.base import RowState, State
from models.shared.logistic import scaled
from models.shared.products import Linear
from models.transformer.decoder import Decoder
from models.transformer.initialise import initialise
from models.transformer.logistic_mixture import LogisticMixtureHead


@dataclass
class PixelPast:
    """Decoding state: that of the pixels, and the current pixel.

    `hidden` (batch, d_model) is its hidden state, None before the first pixel; `channels` are its
    channels fed so far, (batch,) each.
    """

    pixels: State
    hidden: Tensor | None = None
    channels: list[Tensor] = field(default_factory=list)

    def reorder(self, rows: Tensor) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.pixels.reorder(rows)
        if self.hidden is not None:
            self.hidden = self.hidden[rows]
        self.channels = [ids[rows] for ids in self.channels]

    @property
    def observed(self) -> Tensor | None:
        """Channels fed so far, (batch, channel); None if there are none."""
        return torch.stack(self.channels, dim=-1) if self.channels else None


class PixelDecoder(Decoder):
    """Predicts each pixel from those before it and the condition, which is the first input."""

    def __init__(self, settings: TransformerSettings, shape: DataShape) -> None:
        image = shape.layout
        of_pixels = ImageLayout(height=image.height, width=image.width, channels=1)
        conditions = shape.inputs - shape.outputs  # intensities have no embedding
        super().__init__(
            settings,
            DataShape(inputs=conditions, outputs=shape.outputs, layout=of_pixels),
            partial(
                LogisticMixtureHead,
                settings.d_model,
                settings.output.mixtures,
                image.channels,
                shape.outputs,
            ),
        )
        self.shape, self.channels = shape, image.channels
        self.pixel_projection = Linear(image.channels, settings.d_model)
        initialise(self.pixel_projection)

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        """Map inputs (batch, target) to hidden states (batch, pixel, d_model)."""
        length = inputs.shape[1]
        count = -(-length // self.channels)
        filled = F.pad(inputs[:, 1:], (0, count * self.channels - length + 1))
        pixels = filled.unflatten(1, (count, self.channels))
        before = self._embed_pixels(pixels[:, :-1])
        return self.hidden(torch.cat((self._embed_condition(inputs[:, 0]), before), dim=1))

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        """See AutoregressiveModel."""
        pixels = super().init_state(source, copies, -(-max_length // self.channels))
        return State(PixelPast(pixels), copies)

    def step(self, ids: Tensor, state: State) -> Tensor:
        """See AutoregressiveModel."""
        past: PixelPast = state.past
        if past.hidden is None:
            past.hidden = self.hidden_step(self._embed_condition(ids), past.pixels)
        else:
            past.channels.append(ids)
        if len(past.channels) == self.channels:
            vectors = self._embed_pixels(past.observed[:, None])
            past.hidden, past.channels = self.hidden_step(vectors, past.pixels), []
        state.position += 1
        return self.head.next_logits(past.hidden, past.observed)

    def init_rows(self, source: Tensor | None, rows: int, max_length: int) -> RowState:
        """Raise NotImplementedError: a position is a pixel, but ids are of its channels."""
        raise NotImplementedError("a mixture of logistics takes one id at a time")

    def _embed_condition(self, ids: Tensor) -> Tensor:
        """Map conditions `ids` (batch,) to vectors (batch, 1, d_model)."""
        return self.embedding.vectors(ids[:, None] - self.shape.outputs)

    def _embed_pixels(self, pixels: Tensor) -> Tensor:
        """Map pixels (batch, pixel, channels) to vectors (batch, pixel, d_model).

        ReLU of a linear map of the intensities, as in the paper's released code, scaled like
        embeddings.
        """
        intensities = scaled(pixels, self.shape.outputs, self.pixel_projection.weight.dtype)
        return F.relu(self.pixel_projection(intensities)) * math.sqrt(self.settings.d_model)
