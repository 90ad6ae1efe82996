"""Sinusoids concatenated to the embeddings (Huang et al. 2018, on the JSB Chorales)."""

import torch
from torch import Tensor, nn

from models.settings import ConcatenatedSinusoid as Settings
from models.settings import Labels
from models.shared.coordinates import Grid
from models.shared.positions import InputPositions, Site
from models.shared.products import Linear
from models.shared.sinusoid import sinusoid


class ConcatenatedSinusoid(InputPositions):
    """Project the concatenation of vector, sinusoid of the position, and learned label.

    Huang et al. 2018 concatenate where Vaswani et al. 2017 add. The optional label is the voice
    that is predicted at the position.
    """

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.width = settings.width
        self.voices = site.layout.voices if settings.labels is Labels.VOICES else None
        parts = 1 if self.voices is None else 2
        self.projection = Linear(site.d_model + parts * settings.width, site.d_model)
        if self.voices is not None:
            self.labels = nn.Embedding(self.voices, settings.width)

    def forward(self, vectors: Tensor, positions: Tensor, grid: Grid) -> Tensor:
        """See InputPositions."""
        parts = [sinusoid(positions, self.width).to(vectors.dtype)]
        if self.voices is not None:
            parts.append(self.labels(positions % self.voices))
        encoded = torch.cat(parts, dim=-1).expand(len(vectors), -1, -1)
        return self.projection(torch.cat((vectors, encoded), dim=-1))
