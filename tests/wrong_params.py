"""Wrong parameters, made from the right ones of the default scale, and what is said of them."""

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline import config
from pipeline.errors import ConfigError

ROOT = Path(__file__).parents[1]
DEFAULT = ROOT / "params.yaml"
RAW = YAML(typ="safe", pure=True).load(DEFAULT.read_text(encoding="utf-8"))

MUSIC = "runs.music_relative"
IMAGE = "runs.image_local_1d"
TEXT = "runs.translation_sinusoid"

LOCAL_1D = {"kind": "local_1d", "query_block": 16, "memory_block": 32}
LEARNED = {"kind": "learned", "max_length": 255}
PITCH_TIME = {
    "kind": "relative_pitch_time",
    "max_distance": 64,
    "max_time_distance": 16,
    "max_pitch_distance": 12,
}
MIXTURE = {"kind": "logistic_mixture", "mixtures": 10}


def start(run: str, frozen: bool = False) -> dict[str, Any]:
    """What a run starts from."""
    return {"run": run, "frozen": frozen}


Change = Callable[[dict[str, Any], str], None]


def put(value: Any) -> Change:
    """Give a parameter another value, or add it."""

    def change(section: dict[str, Any], key: str) -> None:
        section[key] = value

    return change


def changed(path: str, change: Change) -> dict[str, Any]:
    raw = copy.deepcopy(RAW)
    section = raw
    *sections, key = path.split(".")
    for name in sections:
        section = section[name]
    change(section, key)
    return raw


def complaint(raw: Any) -> str:
    with pytest.raises(ConfigError) as caught:
        config.parse(raw, Path("params.yaml"))
    message = str(caught.value)
    assert message.startswith("params.yaml: ") and "\n" not in message
    return message.removeprefix("params.yaml: ")
