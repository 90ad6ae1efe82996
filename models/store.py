"""Save and load networks: weights as safetensors, settings and data shape as JSON; no pickle."""

import json
from pathlib import Path

from pydantic import TypeAdapter
from safetensors import SafetensorError
from safetensors.torch import load_file
from safetensors.torch import save as save_tensors

from models.build import build
from models.settings import DataShape, ModelSettings
from models.shared.base import Model

WEIGHTS = "model.safetensors"
CONFIG = "config.json"
_SETTINGS = TypeAdapter(ModelSettings)


def save(model: Model, folder: Path) -> None:
    """Write weights and settings of `model` into `folder`; equal models give equal bytes."""
    config = {"settings": model.settings.model_dump(), "shape": model.shape.model_dump()}
    (folder / CONFIG).write_text(json.dumps(config, indent=2, sort_keys=True) + "\n")
    weights = {name: tensor.contiguous() for name, tensor in model.state_dict().items()}
    (folder / WEIGHTS).write_bytes(save_tensors(weights))  # raises OSError if the disk is full


def load(folder: Path, device: str = "cpu") -> Model:
    """Load a network in evaluation mode.

    Raises ValueError, naming the folder, if a file is missing, damaged or inconsistent.
    """
    try:
        config = json.loads((folder / CONFIG).read_text())
        settings = _SETTINGS.validate_json(json.dumps(config["settings"]))
        shape = DataShape.model_validate_json(json.dumps(config["shape"]))
        model = build(settings, shape)
        model.load_state_dict(load_file(folder / WEIGHTS))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise ValueError(f"{folder}: not a saved model ({reason}); train it again") from None
    return model.to(device).eval()
