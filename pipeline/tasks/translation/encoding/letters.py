"""The letter case of the text that a network reads and writes."""

from pipeline.tasks.translation.settings import LetterCase


def in_case(text: str, case: LetterCase) -> str:
    """Return `text` in the letter case `case`."""
    match case:
        case LetterCase.KEPT:
            return text
        case LetterCase.LOWER:
            return text.lower()  # casefold() would spell "ß" as "ss"
