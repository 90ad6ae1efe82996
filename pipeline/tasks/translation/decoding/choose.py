"""Choose the beam search of a run on the validation split."""

from collections.abc import Sequence
from typing import Any

import sacrebleu

from pipeline.tasks.translation.decoding.chosen import beam
from pipeline.tasks.translation.settings import Beam


def choose(cells: Sequence[dict[str, Any]], references: Sequence[str]) -> Beam:
    """Return the search of `cells` whose hypotheses have the highest BLEU; of equal ones the first.

    A cell has its beam_size, its length_penalty, and the hypotheses of all references.
    """
    best = max(
        cells, key=lambda cell: sacrebleu.corpus_bleu(cell["hypotheses"], [references]).score
    )
    return beam(best["beam_size"], best["length_penalty"])
