"""Checkpoints of a training: weights, optimizer state, selected weights, loss curve.

Batches and random numbers are functions of (seed, step), so no other state is needed.
"""

import copy
import json
from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from pipeline.errors import CheckpointError
from pipeline.files import write_atomically
from pipeline.training import distributed
from pipeline.training.update import Update

FILE = "checkpoint.safetensors"


@dataclass
class TrainingState:
    """State of a training, except the network and the optimizer."""

    step: int  # last update
    kept: dict[str, Tensor]  # see checkpoint_selection.py
    curve: list[dict[str, float | int]]
    updates: list[Update]  # since the last row of the curve


def write(
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, state: TrainingState
) -> None:
    """Write a checkpoint to `folder`, atomically, as one file."""
    tensors = {f"model.{name}": tensor for name, tensor in model.state_dict().items()}
    tensors |= {f"kept.{name}": tensor for name, tensor in state.kept.items()}
    for index, moments in optimizer.state_dict()["state"].items():
        tensors |= {f"optimizer.{index}.{name}": tensor for name, tensor in moments.items()}
    record = {"step": state.step, "curve": state.curve, "updates": state.updates}
    write_atomically(folder / FILE, save(_contiguous(tensors), {"record": json.dumps(record)}))


def read(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> TrainingState | None:
    """Load the checkpoint in `folder` into `model` and `optimizer`; None if there is none.

    Process 0 reads and broadcasts it. Raises CheckpointError, and leaves both unchanged, if the
    file is damaged or belongs to another network.
    """
    path = folder / FILE
    content = distributed.broadcast(lambda: path.read_bytes() if path.exists() else None)
    if content is None:
        return None
    before = copy.deepcopy(model.state_dict())
    try:
        record = json.loads(_metadata(content)["record"])
        tensors = load(content)
        model.load_state_dict(_with_prefix("model.", tensors))
        device = next(model.parameters()).device
        kept = {name: tensor.to(device) for name, tensor in _with_prefix("kept.", tensors).items()}
        updates = [Update(*update) for update in record["updates"]]
        state = TrainingState(record["step"], kept, record["curve"], updates)
        moments = _optimizer_state(_with_prefix("optimizer.", tensors))
        optimizer.load_state_dict({**optimizer.state_dict(), "state": moments})
    except (SafetensorError, ValueError, KeyError, TypeError, RuntimeError) as error:
        model.load_state_dict(before)
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{path}: damaged checkpoint ({reason})") from None
    return state


def keep(folder: Path, model: nn.Module, step: int) -> None:
    """Write the weights after an update that the run keeps."""
    write_atomically(_kept(folder, step), save(_contiguous(model.state_dict())))


def load_kept(folder: Path, model: nn.Module, step: int) -> None:
    """Load the weights after an update into `model`; CheckpointError if they are not there."""
    path = _kept(folder, step)
    try:
        model.load_state_dict(load(path.read_bytes()))
    except (OSError, SafetensorError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(
            f"{path}: no weights to keep ({reason}); remove {folder} and train again"
        ) from None


def _kept(folder: Path, step: int) -> Path:
    return folder / f"step_{step}.safetensors"


def _contiguous(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: tensor.contiguous() for name, tensor in tensors.items()}


def _metadata(content: bytes) -> dict[str, str]:
    """Return the metadata of a safetensors file, which its loader does not return."""
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length])["__metadata__"]


def _with_prefix(prefix: str, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {
        name.removeprefix(prefix): tensor
        for name, tensor in tensors.items()
        if name.startswith(prefix)
    }


def _optimizer_state(tensors: dict[str, Tensor]) -> dict[int, dict[str, Tensor]]:
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        index, _, key = name.partition(".")
        state.setdefault(int(index), {})[key] = tensor
    return state
