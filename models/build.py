"""Build a network from its settings, importing only the module of its architecture."""

from importlib import import_module

from models.settings import DataShape, ModelSettings
from models.shared.base import Model


def build(settings: ModelSettings, shape: DataShape) -> Model:
    """Return a freshly initialised network for data of `shape`.

    Raises ValueError if `settings` are not defined for that shape.
    """
    settings.check_data(shape.layout)
    return import_module(f"models.{settings.architecture}.network").build(settings, shape)
