"""The case of the letters that a network reads."""

from pipeline.tasks.translation.settings import LetterCase


def in_case(text: str, case: LetterCase) -> str:
    """Write `text` in the letters of `case`."""
    match case:
        case LetterCase.KEPT:
            return text
        case LetterCase.LOWER:
            return text.lower()  # casefold() would spell "ß" as "ss"
