"""The codec of parallel text, learned and written."""

from collections.abc import Iterable
from pathlib import Path

from pipeline.encoding.pieces import learn_pieces
from pipeline.files import write_atomically
from pipeline.tasks.translation.codec import MODEL, VOCABULARY, Codec


def train(sentences: Iterable[str], vocabulary_size: int, folder: Path) -> Codec:
    """Learn the pieces of `sentences` and write them to `folder`; deterministic to the byte.

    ConfigError if the text does not yield `vocabulary_size` pieces.
    """
    model = learn_pieces(sentences, vocabulary_size)
    codec = Codec(model)
    write_atomically(folder / MODEL, model)
    write_atomically(
        folder / VOCABULARY, "".join(f"{piece}\n" for piece in codec.vocabulary()).encode()
    )
    return codec
