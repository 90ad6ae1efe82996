"""JoeyNMT's beam search with our weights; it has no cache of keys and values.

The sentences are in our batches, sorted by length, as its `predict` would not do. It keeps finished
hypotheses in the beam, and is done with a sentence when the whole beam is finished.
"""

import sys

import numpy as np
import torch
from joeynmt.batch import Batch
from joeynmt.model import Model
from joeynmt.search import search

from benchmarks import joeynmt_model, subject
from benchmarks.rounds import Rounds
from pipeline.corpus import read_sequences
from pipeline.tasks.translation.codec import EOS, PAD, UNK
from pipeline.tasks.translation.decoding.decode import batches


def main(seconds: float) -> None:
    """Translate the test split until there are no more rounds."""
    torch.set_num_threads(subject.run().training.threads)
    model = joeynmt_model.with_weights_of(subject.trained())
    rounds = Rounds({"translations": translate(model)}, seconds)
    while True:
        rounds.done(len(translate(model)))


def translate(model: Model) -> list[list[int]]:
    """The ids of the best translation of each test sentence."""
    decoding = subject.run().decoding
    beam = decoding.method
    sentences = list(read_sequences(subject.encoded(), "test", "source"))
    found = {}
    for indexes in batches(sentences, decoding):
        batch = _batch(model, [sentences[index] for index in indexes])
        limit = int(batch.src_length.max()) + decoding.extra_length
        best, _, _ = search(model, batch, limit, beam.beam_size, beam.length_penalty)
        found |= {int(i): _ids(row) for i, row in zip(indexes, best.tolist(), strict=True)}
    return [found[index] for index in range(len(sentences))]


def _batch(model: Model, sentences: list[np.ndarray]) -> Batch:
    ids, lengths, _ = model.src_vocab.sentences_to_ids(
        [[str(index) for index in sentence] for sentence in sentences], bos=False, eos=True
    )
    return Batch(
        src=torch.tensor(ids),
        src_length=torch.tensor(lengths),
        src_prompt_mask=None,
        trg=None,
        trg_prompt_mask=None,
        indices=torch.arange(len(ids)),
        device=torch.device("cpu"),
        pad_index=model.pad_index,
        eos_index=model.eos_index,
        is_train=False,
    )


def _ids(row: list[int]) -> list[int]:
    ended = row[: row.index(EOS)] if EOS in row else row
    return [{PAD: UNK, UNK: PAD}.get(index, index) for index in ended]


if __name__ == "__main__":
    main(float(sys.argv[1]))
