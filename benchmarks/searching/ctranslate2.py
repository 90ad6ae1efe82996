"""CTranslate2's beam search in float32 with our weights.

It sorts the sentences by length itself. Its score is log P / length^alpha, ours log P /
((5 + length) / 6)^alpha; both count the end. It is done with a sentence when the number of finished
hypotheses reaches the beam size; ours continues while an open hypothesis could become the best.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
from ctranslate2 import Translator

from benchmarks import subject
from benchmarks.rounds import Rounds
from models.shared.base import AutoregressiveModel
from models.shared.heads import IGNORED
from pipeline.tasks.translation.batches import Pairs
from pipeline.tasks.translation.codec import EOS, Codec
from pipeline.tasks.translation.export import export


def main(seconds: float) -> None:
    """Translate the test split until there are no more rounds."""
    run, pairs = subject.run(), Pairs(subject.encoded(), "test")
    model, pieces = subject.trained(), Codec.load(subject.encoded()).vocabulary()
    ids = {piece: index for index, piece in enumerate(pieces)}
    sources = [[pieces[index] for index in [*source, EOS]] for source in pairs.sources]
    targets = [[pieces[index] for index in target] for target in pairs.targets]
    with tempfile.TemporaryDirectory() as folder:
        export(model, pieces, Path(folder))
        translator = Translator(
            folder, compute_type="float32", inter_threads=1, intra_threads=run.training.threads
        )
    options = {
        "beam_size": run.decoding.method.beam_size,
        "length_penalty": run.decoding.method.length_penalty,
        "max_batch_size": run.decoding.batch_tokens // run.decoding.method.beam_size,
        "batch_type": "tokens",
        "max_decoding_length": max(map(len, sources)) + run.decoding.extra_length,
    }
    found = translator.translate_batch(sources, **options)
    scored = translator.score_batch(sources, targets)
    log_probs = np.concatenate([score.log_probs for score in scored])
    facts = {
        "translations": [[ids[piece] for piece in result.hypotheses[0]] for result in found],
        "log_prob_error": float(np.abs(log_probs - _log_probs(model, pairs)).max()),
    }
    rounds = Rounds(facts, seconds)
    while True:
        rounds.done(len(translator.translate_batch(sources, **options)))


@torch.no_grad()
def _log_probs(model: AutoregressiveModel, pairs: Pairs) -> np.ndarray:
    """log P of each token of the references by our network, end to end."""
    batch = pairs.batch(range(len(pairs)))
    nats = model.nats(batch.inputs, batch.targets, batch.source)
    return -nats[batch.targets != IGNORED].numpy()


if __name__ == "__main__":
    main(float(sys.argv[1]))
