"""A learned vector per position (Vaswani et al. 2017, table 3, row E)."""

from torch import Tensor, nn

from models.errors import SequenceError
from models.settings import Learned as Settings
from models.shared.coordinates import Grid
from models.shared.positions import InputPositions, Site


class Learned(InputPositions):
    """Add a learned vector per position."""

    def __init__(self, settings: Settings, site: Site) -> None:
        super().__init__(settings, site)
        self.table = nn.Embedding(settings.max_length, site.d_model)
        nn.init.normal_(self.table.weight, std=site.d_model**-0.5)

    def forward(self, vectors: Tensor, positions: Tensor, grid: Grid) -> Tensor:
        """See InputPositions."""
        return vectors + self.table(positions)

    def check(self, length: int) -> None:
        """See InputPositions."""
        longest = self.table.num_embeddings
        if length > longest:
            raise SequenceError(
                f"a sequence of {length} positions is longer than model.positions.max_length = "
                f"{longest}; choose a larger one and train again"
            )
