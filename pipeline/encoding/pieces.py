"""Byte-pair pieces, learned (Sennrich et al. 2016; Vaswani et al. 2017, section 5.1)."""

import io
from collections.abc import Iterable

import sentencepiece

from pipeline.errors import ConfigError

PAD, UNK, BOS, EOS = range(4)


def learn_pieces(texts: Iterable[str], vocabulary_size: int) -> bytes:
    """Learn the pieces of `texts`; return a SentencePiece model, deterministic to the byte.

    The ids PAD to EOS come first, then 256 bytes, to which characters outside the alphabet fall
    back. ConfigError if the texts do not yield `vocabulary_size` pieces.
    """
    model = io.BytesIO()  # a file's model would include its path, and the number of threads
    try:
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(texts),
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
    return model.getvalue()
