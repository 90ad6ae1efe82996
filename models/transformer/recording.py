"""What modules are called with, and what they return, while a block runs."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import nn


class Call(NamedTuple):
    """One call of a module."""

    module: nn.Module
    given: tuple[Any, ...]
    returned: Any


@contextmanager
def recorded(modules: Sequence[nn.Module]) -> Iterator[list[Call]]:
    """Collect the calls of `modules`, in their order."""
    calls: list[Call] = []
    hooks = [
        module.register_forward_hook(lambda *call: calls.append(Call(*call))) for module in modules
    ]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()
