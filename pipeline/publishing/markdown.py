"""Texts that come from data, in Markdown: shown as they are, never read as markup."""

import re
from collections.abc import Iterable, Sequence


def code(value: object) -> str:
    """Return a code span of `value` on one line, fenced by more backticks than it has in a row."""
    text = " ".join(str(value).split())
    fence = "`" * (1 + max(map(len, re.findall("`+", text)), default=0))
    padding = " " if not text or "`" in (text[0], text[-1]) else ""
    return f"{fence}{padding}{text}{padding}{fence}"


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table of GitHub's Markdown, where a | within a cell needs a backslash."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )
