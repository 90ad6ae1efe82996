"""Selection of the weights that become the model of a run."""

import math

from torch import Tensor, nn

from pipeline.settings.training import CheckpointSelection, Training
from pipeline.training.checkpoint import TrainingState


def update_selection(state: TrainingState, model: nn.Module, training: Training) -> None:
    """Update `state.kept` with the weights after the last step, if they are selected.

    It is the sum of the checkpoints to average, or the weights with the lowest validation loss.
    Of frozen weights there is no sum, which would round them.
    """
    match training.checkpoint_selection:
        case CheckpointSelection.AVERAGED if _is_averaged(state.step, training):
            frozen = {name for name, each in model.named_parameters() if not each.requires_grad}
            for name, tensor in model.state_dict().items():
                if name in frozen:
                    continue
                kept = state.kept.get(name)
                state.kept[name] = tensor.clone() if kept is None else kept + tensor
        case CheckpointSelection.BEST if _is_best(state):
            state.kept = {name: tensor.clone() for name, tensor in model.state_dict().items()}


def selected_weights(
    state: TrainingState, model: nn.Module, training: Training
) -> dict[str, Tensor]:
    """Return the selected weights by name, at the end of the training."""
    match training.checkpoint_selection:
        case CheckpointSelection.AVERAGED:
            averaged = {
                name: kept / training.average_checkpoints for name, kept in state.kept.items()
            }
            return model.state_dict() | averaged
        case CheckpointSelection.BEST:
            return state.kept
        case CheckpointSelection.LAST:
            return model.state_dict()


def _is_averaged(step: int, training: Training) -> bool:
    steps_left = training.steps - step
    return (
        steps_left % training.average_every == 0
        and steps_left // training.average_every < training.average_checkpoints
    )


def _is_best(state: TrainingState) -> bool:
    """Whether the last step has a validation loss, lower than all before."""
    if not state.curve or state.curve[-1]["step"] != state.step:
        return False
    *before, last = [row["validation_loss"] for row in state.curve]
    return last < min(before, default=math.inf)
