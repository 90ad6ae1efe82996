"""The weights that a training publishes, and what of them has to be kept on the way."""

import math

from torch import Tensor, nn

from pipeline.settings.training import Publish, Training
from pipeline.training.checkpoint import Progression


def keep(state: Progression, model: nn.Module, training: Training) -> None:
    """Add to what `state` keeps the weights after its last step, if they count.

    Kept are the sum of the checkpoints to be averaged, or the weights that were validated best.
    """
    match training.publish:
        case Publish.AVERAGED if _is_averaged(state.step, training):
            for name, tensor in model.state_dict().items():
                kept = state.kept.get(name)
                state.kept[name] = tensor.clone() if kept is None else kept + tensor
        case Publish.BEST if _is_best(state):
            state.kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}


def published(state: Progression, model: nn.Module, training: Training) -> dict[str, Tensor]:
    """The weights to publish when the training is done."""
    match training.publish:
        case Publish.AVERAGED:
            return {name: kept / training.average_checkpoints for name, kept in state.kept.items()}
        case Publish.BEST:
            return state.kept
        case Publish.LAST:
            return model.state_dict()


def _is_averaged(step: int, training: Training) -> bool:
    back = training.steps - step
    return (
        back % training.average_every == 0
        and back // training.average_every < training.average_checkpoints
    )


def _is_best(state: Progression) -> bool:
    """Whether the last step was validated, with a lower loss than any before it."""
    if not state.curve or state.curve[-1]["step"] != state.step:
        return False
    *before, last = [row["validation_loss"] for row in state.curve]
    return last < min(before, default=math.inf)
