"""How to cite this repository: CITATION.cff (Citation File Format) as BibTeX."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pipeline.errors import DataError

FILE = Path(__file__).parents[2] / "CITATION.cff"
KEY = "attention_lecture"
_SPECIAL = {character: f"\\{character}" for character in "&%$#_{}"} | {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}


def bibtex(address: str | None = None) -> str:
    """Format CITATION.cff as an entry of BibTeX; DataError names what it lacks.

    `address` is given as its URL, if the file has none.
    """
    citation = YAML(typ="safe").load(FILE)
    try:
        fields = {
            "author": " and ".join(map(_author, citation["authors"])),
            "title": _escaped(citation["title"]),
            "year": str(citation["date-released"].year),
            "version": _escaped(citation["version"]),
        }
    except KeyError as error:
        raise DataError(f"{FILE.name}: has no {error.args[0]}; add it") from None
    if url := citation.get("url") or address:
        fields["url"] = url
    width = max(map(len, fields))
    lines = ",\n".join(f"  {name:<{width}} = {{{value}}}" for name, value in fields.items())
    return f"@software{{{KEY},\n{lines}\n}}"


def _author(author: dict[str, Any]) -> str:
    """Format a person, or an entity, whose braces keep its name in one piece."""
    if "name" in author:
        return f"{{{_escaped(author['name'])}}}"
    return f"{_escaped(author['family-names'])}, {_escaped(author['given-names'])}"


def _escaped(text: str) -> str:
    return "".join(_SPECIAL.get(character, character) for character in str(text))
