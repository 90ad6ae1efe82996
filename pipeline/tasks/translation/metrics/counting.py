"""The n-grams of single sentences, counted as sacreBLEU counts them."""

from collections.abc import Sequence

import numpy as np
from sacrebleu.metrics import BLEU
from sacrebleu.metrics.helpers import extract_all_char_ngrams

from pipeline.tasks.translation.metrics.statistics import CHARACTER_ORDERS


def bleu_counts(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str, lowercase: bool
) -> np.ndarray:
    """The statistics of BLEU of each sentence, (sentence, 10), cut by a tokenizer of sacreBLEU."""
    metric = BLEU(tokenize=tokenize, lowercase=lowercase, force=True, effective_order=True)
    scores = (
        metric.sentence_score(hypothesis, [reference])
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    )
    return np.array([[each.sys_len, each.ref_len, *each.counts, *each.totals] for each in scores])


def sentence_bleu(counts: np.ndarray) -> list[float]:
    """BLEU of each sentence of counts (sentence, 10), over the orders that it has."""
    return [
        BLEU.compute_bleu(
            row[2:6], row[6:], *row[:2], smooth_method="exp", effective_order=True
        ).score
        for row in counts.tolist()
    ]


def chrf_counts(hypotheses: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """The statistics of chrF of each sentence, (sentence, 18)."""
    return np.array(
        [
            _chrf_counts(hypothesis, reference)
            for hypothesis, reference in zip(hypotheses, references, strict=True)
        ]
    )


def _chrf_counts(hypothesis: str, reference: str) -> list[int]:
    """Orders that the reference is too short for count in the hypothesis neither."""
    of_hypothesis, of_reference = (
        extract_all_char_ngrams(text, CHARACTER_ORDERS[-1]) for text in (hypothesis, reference)
    )
    pairs = list(zip(of_hypothesis, of_reference, strict=True))
    return [
        *(ours.total() if theirs else 0 for ours, theirs in pairs),
        *(theirs.total() for theirs in of_reference),
        *((ours & theirs).total() for ours, theirs in pairs),
    ]
