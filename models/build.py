"""Builds the network that settings describe; its architecture is loaded only then."""

from importlib import import_module

from models.settings import DataShape, ModelSettings
from models.shared.base import AutoregressiveModel


def build(settings: ModelSettings, shape: DataShape) -> AutoregressiveModel:
    """The network that `settings` describe, for data of `shape`, with fresh weights.

    Raises ValueError where the two do not fit.
    """
    settings.check_data(shape.layout)
    return import_module(f"models.{settings.architecture}.network").build(settings, shape)
