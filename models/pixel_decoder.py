"""The Image Transformer with one position per pixel, a mixture of logistics for its channels.

Outside, it is as any decoder: it reads ids and returns the logits of the next one, which are those
of a pixel's channel given the channels before it. So training, sampling and likelihood are the same
as with one position per channel, and so are their units.
"""

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.logistic_mixture import PixelMixture, count_parameters, scaled
from models.settings import DataShape, ModelSettings
from models.transformer import DecodingState, build, initialise


@dataclass
class PixelState:
    """What is kept between two channels: the state between two pixels, and the pixel under way."""

    pixels: DecodingState
    mixture: PixelMixture | None = None
    channels: list[Tensor] = field(default_factory=list)  # (batch,) each

    def reorder(self, rows: Tensor, sentences_change: bool) -> None:
        """Keep the batch rows `rows`, in that order."""
        self.pixels.reorder(rows, sentences_change)
        if self.mixture is not None:
            self.mixture.reorder(rows)
        self.channels = [ids[rows] for ids in self.channels]


class PixelDecoder(nn.Module):
    """Predicts each pixel from those before it and from the condition, the first input."""

    def __init__(self, settings: ModelSettings, shape: DataShape) -> None:
        super().__init__()
        if shape.channels is None:
            raise ValueError(
                f"output.kind = {settings.output.kind} is defined for images only; "
                "use output.kind = categorical"
            )
        self.settings, self.shape = settings, shape
        parameters = count_parameters(settings.output.mixtures, shape.channels)
        conditions = shape.inputs - shape.outputs
        places = {"inputs": conditions, "outputs": parameters, "channels": 1}
        self.decoder = build(settings, shape.model_copy(update=places))
        self.read = nn.Linear(shape.channels, settings.d_model)
        initialise(self.read)

    def forward(self, inputs: Tensor) -> Tensor:
        """Map inputs (batch, target) to logits (batch, target, outputs)."""
        length, channels = inputs.shape[1], self.shape.channels
        count = -(-length // channels)
        filled = F.pad(inputs[:, 1:], (0, count * channels - length + 1))
        pixels = filled.unflatten(1, (count, channels))
        before = self._embed_pixels(pixels[:, :-1])
        vectors = torch.cat((self._embed_condition(inputs[:, 0]), before), dim=1)
        mixture = PixelMixture(self.decoder.decode(vectors), channels, self.shape.outputs)
        logits = [mixture.logits()]
        for channel in range(channels - 1):
            mixture.observe(pixels[:, :, channel])
            logits.append(mixture.logits())
        return torch.stack(logits, dim=2).flatten(1, 2)[:, :length]

    def begin(self, batch: int, length: int) -> PixelState:
        """The state before the first of at most `length` positions."""
        return PixelState(self.decoder.begin(batch, -(-length // self.shape.channels)))

    def advance(self, ids: Tensor, state: PixelState) -> Tensor:
        """Feed the next input, ids (batch,); return the logits (batch, outputs) that follow it."""
        if state.mixture is None:
            self._begin_pixel(self._embed_condition(ids), state)
        else:
            state.channels.append(ids)
            if len(state.channels) < self.shape.channels:
                state.mixture.observe(ids)
            else:
                pixel = torch.stack(state.channels, dim=-1)
                self._begin_pixel(self._embed_pixels(pixel[:, None]), state)
        return state.mixture.logits()

    def _begin_pixel(self, before: Tensor, state: PixelState) -> None:
        parameters = self.decoder.advance_vectors(before, state.pixels)
        state.mixture = PixelMixture(parameters, self.shape.channels, self.shape.outputs)
        state.channels = []

    def _embed_condition(self, ids: Tensor) -> Tensor:
        """The vector of ids (batch,), (batch, 1, d_model)."""
        return self.decoder.embedding.lookup(ids[:, None] - self.shape.outputs)

    def _embed_pixels(self, pixels: Tensor) -> Tensor:
        """Vectors (batch, pixel, d_model) of pixels (batch, pixel, channels).

        A linear map of the intensities and a maximum, as in the released code of the paper; scaled
        as embeddings are.
        """
        intensities = scaled(pixels, self.shape.outputs, self.read.weight.dtype)
        return F.relu(self.read(intensities)) * math.sqrt(self.settings.d_model)
