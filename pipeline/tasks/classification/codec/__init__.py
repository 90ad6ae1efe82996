"""Passages to ids of byte-pair pieces, and the fields of a split.

Characters outside the alphabet fall back to their UTF-8 bytes.
"""

from collections.abc import Iterable
from pathlib import Path

import sentencepiece

from pipeline.corpus import Split
from pipeline.errors import DataError

PAD, MASK, BOS, EOS = range(4)  # as in pipeline.encoding.pieces, which a test compares: no text has
SPECIAL = 4  # the piece UNK, whose id is MASK; ids from here are pieces of texts
TOKENS, CLASS = "tokens", "class"  # fields of a split: ids of pieces, and a number
UNLABELLED: Split = "unlabelled"  # passages of folders that are no class
MODEL = "pieces.model"


class Codec:
    """Texts to ids and back."""

    def __init__(self, model: bytes) -> None:
        self._pieces = sentencepiece.SentencePieceProcessor(model_proto=model)

    @classmethod
    def load(cls, folder: Path) -> "Codec":
        """Load the codec of an encoded data set; DataError if it is missing or damaged."""
        path = folder / MODEL
        try:
            return cls(path.read_bytes())
        except FileNotFoundError:
            raise DataError(f"{path}: no such file; run the encode stage") from None
        except RuntimeError:
            raise DataError(
                f"{path}: not a SentencePiece model; run the encode stage again"
            ) from None

    @property
    def size(self) -> int:
        """The number of ids."""
        return self._pieces.get_piece_size()

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        return self._pieces.encode(text)

    def texts(self, ids: Iterable[int]) -> list[str]:
        """Return the text of each piece; a space before a piece is its own."""
        return [
            self._pieces.id_to_piece(int(index)).replace("\N{LOWER ONE EIGHTH BLOCK}", " ")
            for index in ids
        ]
