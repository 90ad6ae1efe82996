"""Start a training from the weights of another run."""

from collections.abc import Iterable
from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import nn

from models.store import WEIGHTS
from pipeline.errors import CheckpointError
from pipeline.settings.run import SCRATCH, Run


def start_weights(run: Run) -> Path | None:
    """Return the file with the weights that `run` starts from; None if they are random."""
    start = run.start_from.run
    return None if start == SCRATCH else Path("runs") / start / "model" / WEIGHTS


def take_weights(model: nn.Module, path: Path, frozen: bool) -> str:
    """Load the weights in `path` that `model` has too, by name and shape; say what is new.

    With `frozen` they are not trained. Raises ValueError if `model` has none of them, or nothing to
    train, and CheckpointError if the file is missing or damaged.
    """
    try:
        saved = load_file(path)
    except (OSError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{path}: no weights to start from ({reason}); train it") from None
    own = model.state_dict()
    taken = {
        name: weights
        for name, weights in saved.items()
        if name in own and own[name].shape == weights.shape
    }
    if not taken:
        raise ValueError("run: no weight of its model has the name and the shape of one of this")
    model.load_state_dict(taken, strict=False)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(not (frozen and name in taken))
    if not any(parameter.requires_grad for parameter in model.parameters()):
        raise ValueError("frozen = true leaves nothing to train; use false")
    kept, new = "taken and frozen" if frozen else "taken", own.keys() - taken.keys()
    count = sum(own[name].numel() for name in taken)
    return f"{count:,} weights of {path.parent.parent.name} are {kept}; new: {_heads(new)}"


def is_frozen(module: nn.Module) -> bool:
    """Whether `module` has weights, and none of them is trained."""
    parameters = list(module.parameters())
    return bool(parameters) and not any(parameter.requires_grad for parameter in parameters)


def _heads(names: Iterable[str]) -> str:
    """Name what `names` of weights begin with: head.w_1 of head.w_1.weight and head.w_1.bias."""
    return ", ".join(sorted({name.rpartition(".")[0] or name for name in names})) or "nothing"
