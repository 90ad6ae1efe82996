"""Convert a model that was saved with earlier names of tensors and settings.

    python -m pipeline migrate runs/translation_sinusoid/model converted/

Writes model.safetensors and config.json to the second folder, with bitwise equal weights.
"""

import json
import re
from pathlib import Path
from typing import Any

from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from models.settings import DataShape, ImageLayout, Layout, SequenceLayout, VoiceLayout
from models.store import CONFIG, WEIGHTS, load
from pipeline.errors import CheckpointError
from pipeline.files import staged_folder

_ARCHITECTURES = {
    "encoder_decoder": ("transformer", "encoder_decoder"),
    "decoder": ("transformer", "decoder"),
    "lstm_encoder_decoder": ("lstm", "encoder_decoder"),
    "lstm_decoder": ("lstm", "decoder"),
    "conv_encoder_decoder": ("convs2s", None),
    "pixelcnn": ("pixelcnn", None),
}
_POSITIONS = {"lstm": "none", "convs2s": "sinusoid", "pixelcnn": "none"}
_TENSORS = [  # patterns of earlier names, and their replacements
    (r"^decoder\.(?=embedding\.|layers\.|final_norm\.|classify\.)", ""),
    (r"^read\.", "pixel_projection."),
    (r"attention\.project\.", "attention.in_proj."),
    (r"attention\.combine\.", "attention.out_proj."),
    (r"\.project_memory\.", ".project_kv."),
    (r"\.widen\.", ".w_1."),
    (r"\.narrow\.", ".w_2."),
    (r"\.relative\.distances\.embeddings$", ".positions.distances"),
    (r"\.relative\.keys$", ".positions.key_vectors"),
    (r"\.relative\.values$", ".positions.value_vectors"),
    (r"\.relative\.", ".positions."),
    (r"embedding\.places\.", "embedding.positions.table."),
    (r"embedding\.concatenated\.join\.", "embedding.positions.projection."),
    (r"embedding\.concatenated\.", "embedding.positions."),
    (r"^classify\.", "head.output_projection."),
    (r"^(layers\.\d+)\.hand_over\.", r"\1.vertical_to_horizontal."),
    (r"^(layers\.\d+)\.combine\.", r"\1.out_proj."),
]


def main(old: Path, new: Path) -> None:
    """Convert the model in folder `old` and write it to folder `new`.

    Raises CheckpointError if `old` is not a model of an earlier version, or is inconsistent.
    """
    try:
        config = json.loads((old / CONFIG).read_text(encoding="utf-8"))
        settings, shape = settings_of(config["settings"]), shape_of(config["shape"])
        weights = {renamed(name): tensor for name, tensor in load_file(old / WEIGHTS).items()}
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        reason = " ".join(str(error).split())
        raise CheckpointError(f"{old}: not a model of an earlier version ({reason})") from None
    with staged_folder(new) as folder:
        save_file(weights, folder / WEIGHTS)
        (folder / CONFIG).write_text(json.dumps({"settings": settings, "shape": shape}))
        try:
            load(folder)
        except ValueError as error:
            raise CheckpointError(f"{old}: cannot be converted: {error}") from None


def renamed(name: str) -> str:
    """Return the current name of a tensor."""
    for pattern, replacement in _TENSORS:
        name = re.sub(pattern, replacement, name)
    return name


def settings_of(old: dict[str, Any]) -> dict[str, Any]:
    """Return the current settings of a network; KeyError if `old` already has them."""
    new = dict(old)
    new["architecture"], structure = _ARCHITECTURES[new["architecture"]]
    if structure:
        new["structure"] = structure
    if new["architecture"] in _POSITIONS:
        return new | {"positions": {"kind": _POSITIONS[new["architecture"]]}}
    new["super_resolution"] = new.pop("reduction")
    attention, backend = new.pop("locality"), new.pop("backend")
    is_full = attention["kind"] == "full"
    return new | {"attention": attention | ({"backend": backend} if is_full else {})}


def shape_of(old: dict[str, Any]) -> dict[str, Any]:
    """Return the current shape of the data."""
    layout: Layout = SequenceLayout()
    if old["height"] is not None:
        layout = ImageLayout(**{key: old[key] for key in ("height", "width", "channels")})
    elif old["voices"] is not None:
        layout = VoiceLayout(voices=old["voices"], pitches=old["pitches"])
    shape = DataShape(inputs=old["inputs"], outputs=old["outputs"], layout=layout)
    return shape.model_dump()
