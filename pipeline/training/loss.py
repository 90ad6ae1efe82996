"""The loss that is minimised: mean cross-entropy with label smoothing, padding left out."""

from torch import Tensor, nn

from models.shared.base import AutoregressiveModel
from models.shared.heads import IGNORED


class MeanNats(nn.Module):
    """A network as it is trained: from a batch to its mean nats per target.

    Vaswani et al. 2017, section 5.4. A module, so that DistributedDataParallel and torch.compile
    see the output head too.
    """

    def __init__(self, model: AutoregressiveModel, label_smoothing: float) -> None:
        super().__init__()
        self.model, self.label_smoothing = model, label_smoothing

    def forward(self, inputs: Tensor, targets: Tensor, source: Tensor | None) -> Tensor:
        """Mean nats over targets (batch, target) that are not IGNORED."""
        nats = self.model.nats(inputs, targets, source, self.label_smoothing)
        counted = (targets != IGNORED).to(nats.dtype)
        return (nats * (counted / counted.sum())).sum()
