"""Choose the beam search of a run on the validation split."""

from collections.abc import Sequence
from typing import Any

import sacrebleu

from pipeline.tasks.translation.decoding.chosen import beam
from pipeline.tasks.translation.settings import Beam, BleuTokenizer


def choose(
    cells: Sequence[dict[str, Any]], references: Sequence[str], tokenizer: BleuTokenizer
) -> Beam:
    """Return the search of `cells` whose hypotheses have the highest BLEU; of equal ones the first.

    A cell has its beam_size, its length_penalty, and the hypotheses of all references.
    """
    metric = sacrebleu.BLEU(tokenize=tokenizer)
    best = max(cells, key=lambda cell: metric.corpus_score(cell["hypotheses"], [references]).score)
    return beam(best["beam_size"], best["length_penalty"])
