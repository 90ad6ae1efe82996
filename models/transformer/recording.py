"""Record the arguments and results of module calls."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from torch import nn


class Call(NamedTuple):
    """One call of a module."""

    module: nn.Module
    args: tuple[Any, ...]
    output: Any


@contextmanager
def recorded(modules: Sequence[nn.Module]) -> Iterator[list[Call]]:
    """Collect the calls of `modules` inside the block, in order."""
    calls: list[Call] = []
    hooks = [
        module.register_forward_hook(lambda *call: calls.append(Call(*call))) for module in modules
    ]
    try:
        yield calls
    finally:
        for hook in hooks:
            hook.remove()
