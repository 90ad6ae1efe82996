"""Joint byte-pair encoding (Sennrich et al. 2016; Vaswani et al. 2017, section 5.1).

decode(encode(text)) == text for any text without U+2581, which marks a space inside a piece and is
decoded as one. Characters outside the alphabet fall back to their UTF-8 bytes.
"""

import io
from collections.abc import Iterable
from pathlib import Path

import sentencepiece

from pipeline.errors import ConfigError, DataError
from pipeline.files import write_atomically

PAD, UNK, BOS, EOS = range(4)
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


def train(sentences: Iterable[str], vocabulary_size: int, folder: Path) -> Codec:
    """Learn the pieces of `sentences` and write them to `folder`; deterministic to the byte.

    ConfigError if the text does not yield `vocabulary_size` pieces.
    """
    model = io.BytesIO()  # the model would include a path, and the number of threads
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(sentences),
            model_writer=model,
            model_type="bpe",
            vocab_size=vocabulary_size,
            character_coverage=0.9999,
            byte_fallback=True,
            normalization_rule_name="identity",
            remove_extra_whitespaces=False,
            pad_id=PAD,
            unk_id=UNK,
            bos_id=BOS,
            eos_id=EOS,
            num_threads=1,
            minloglevel=2,
        )
    except RuntimeError as error:
        detail = " ".join(str(error).split())
        raise ConfigError(
            f"encoding.vocabulary_size = {vocabulary_size}: the training text does not yield "
            f"that many pieces ({detail}); choose another size"
        ) from None
    codec = Codec(model.getvalue())
    write_atomically(folder / MODEL, model.getvalue())
    write_atomically(
        folder / VOCABULARY, "".join(f"{piece}\n" for piece in codec.vocabulary()).encode()
    )
    return codec
