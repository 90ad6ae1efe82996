"""Training loss: mean cross-entropy with label smoothing, without padding."""

from torch import Tensor, nn

from models.shared.base import Model
from models.shared.heads import IGNORED
from pipeline.training.start import is_frozen


class MeanNats(nn.Module):
    """Mean nats per target of a batch (Vaswani et al. 2017, section 5.4).

    A module, so that DistributedDataParallel and torch.compile include the output head.
    """

    def __init__(self, model: Model, label_smoothing: float) -> None:
        super().__init__()
        self.model, self.label_smoothing = model, label_smoothing

    def train(self, mode: bool = True) -> "MeanNats":
        """Set the mode; what is frozen stays in that of evaluation, without dropout."""
        super().train(mode)
        for module in self.model.modules():
            if is_frozen(module):
                module.eval()
        return self

    def forward(self, inputs: Tensor, targets: Tensor, source: Tensor | None) -> Tensor:
        """Return the mean nats over targets (batch, target) that are not IGNORED."""
        nats = self.model.nats(inputs, targets, source, self.label_smoothing)
        counted = (targets != IGNORED).to(nats.dtype)
        return (nats * (counted / counted.sum())).sum()
