"""Flatten nested dicts to dotted paths."""

from typing import Any


def leaves(value: Any, prefix: str = "") -> list[tuple[str, Any]]:
    """Return (dotted path, value) for each leaf of nested dicts, in their order."""
    if isinstance(value, dict) and value:
        return [
            leaf
            for key, inner in value.items()
            for leaf in leaves(inner, f"{prefix}.{key}" if prefix else str(key))
        ]
    return [(prefix, value)]


def flatten(value: Any) -> list[tuple[str, str]]:
    """Return (dotted path, printed value) for each leaf of nested dicts, in their order."""
    return [(path, _printed(leaf)) for path, leaf in leaves(value)]


def _printed(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, dict) and value:
        return " ".join(f"{key} {_printed(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        separator = "; " if any(isinstance(item, dict) for item in value) else ", "
        return separator.join(_printed(item) for item in value) or "none"
    return str(value) if value != {} else "none"
