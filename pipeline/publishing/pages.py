"""Templates of the published pages."""

from pathlib import Path

from jinja2 import BaseLoader, ChoiceLoader, Environment, FileSystemLoader, StrictUndefined

_TEMPLATES = Path(__file__).with_name("templates")


def environment(*further: BaseLoader) -> Environment:
    """Load the templates of this package, and `further` ones."""
    return Environment(
        loader=ChoiceLoader([FileSystemLoader(_TEMPLATES), *further]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
