"""Paragraphs and their translations, cut into sentences."""

import re

# White space after . ! or ? and before a capital letter, but not after a single letter or digit,
# which may be an abbreviation or a number: "z. B.", "der 4. Parameter".
_BETWEEN = re.compile(r"""(?<=[.!?])(?<!\b\w\.)\s+(?=["'„“»(]?[A-ZÄÖÜ])""")


def sentence_pairs(source: str, target: str) -> list[tuple[str, str]]:
    """Cut a paragraph and its translation; they stay whole if one has more sentences."""
    sources, targets = _BETWEEN.split(source), _BETWEEN.split(target)
    if len(sources) != len(targets):
        return [(source, target)]
    return list(zip(sources, targets, strict=True))
