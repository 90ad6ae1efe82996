"""Joint byte-pair encoding (Sennrich et al. 2016; Vaswani et al. 2017, section 5.1).

decode(encode(text)) == text for any text without U+2581, which marks a space inside a piece and is
decoded as one. Characters outside the alphabet fall back to their UTF-8 bytes.
"""

from collections.abc import Iterable
from pathlib import Path

import sentencepiece

from pipeline.errors import DataError

PAD, UNK, BOS, EOS = range(4)  # as in pipeline.encoding.pieces, which a test compares
MODEL, VOCABULARY = "pieces.model", "pieces.vocab"


class Codec:
    """Sentences to ids and back; ids without BOS and EOS."""

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
        """The number of ids: PAD, UNK, BOS, EOS, 256 bytes and the learned pieces."""
        return self._pieces.get_piece_size()

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text."""
        return self._pieces.encode(text)

    def decode(self, ids: Iterable[int]) -> str:
        """Return the text of ids; PAD, BOS and EOS are dropped."""
        return self._pieces.decode([int(index) for index in ids])

    def vocabulary(self) -> list[str]:
        """Return the piece of each id, in order."""
        return [self._pieces.id_to_piece(index) for index in range(self.size)]
