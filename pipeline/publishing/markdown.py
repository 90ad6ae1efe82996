"""Escape text from data for Markdown."""

import re
from collections.abc import Iterable, Sequence


def code(value: object) -> str:
    """Format `value` as a code span on one line, with a fence longer than its backticks."""
    text = " ".join(str(value).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    padding = " " if not text or "`" in (text[0], text[-1]) else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Format a table in GitHub's Markdown, with | escaped in cells."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
