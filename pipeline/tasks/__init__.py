"""All that differs between tasks: a folder each, with the same parts in every one.

encoding.encode.encode, batches.Batches, decoding.decode.decode and metrics.evaluate.evaluate are
what the stages call; codec is what they share. A stage depends on its own part alone.
"""

from importlib import import_module
from types import ModuleType


def part(task: str, name: str) -> ModuleType:
    """The part `name` of `task`; imported only when a stage needs it."""
    return import_module(f"pipeline.tasks.{task}.{name}")
