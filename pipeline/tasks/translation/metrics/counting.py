"""n-gram counts of single sentences, as sacreBLEU counts them."""

from collections.abc import Sequence

import numpy as np
from sacrebleu.metrics import BLEU
from sacrebleu.metrics.helpers import extract_all_char_ngrams

from pipeline.errors import DataError
from pipeline.tasks.translation.metrics.statistics import CHARACTER_ORDERS


def bleu_metric(tokenize: str, **options: bool) -> BLEU:
    """Return sacreBLEU's BLEU; DataError if the model of a tokenizer cannot be downloaded."""
    try:
        return BLEU(tokenize=tokenize, **options)
    except (OSError, RuntimeError) as error:
        raise DataError(
            f"evaluation.bleu_tokenizer = {tokenize}: sacreBLEU cannot load its model "
            f"({' '.join(str(error).split())}); check the network, or use char"
        ) from None


def bleu_counts(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str, lowercase: bool
) -> np.ndarray:
    """Count the BLEU statistics (sentence, 10) with a tokenizer of sacreBLEU."""
    metric = bleu_metric(tokenize, lowercase=lowercase, force=True, effective_order=True)
    scores = (
        metric.sentence_score(hypothesis, [reference])
        for hypothesis, reference in zip(hypotheses, references, strict=True)
    )
    return np.array([[s.sys_len, s.ref_len, *s.counts, *s.totals] for s in scores])


def sentence_bleu(counts: np.ndarray) -> list[float]:
    """Compute sentence BLEU from counts (sentence, 10), over the orders that a sentence has."""
    return [
        BLEU.compute_bleu(
            row[2:6], row[6:], *row[:2], smooth_method="exp", effective_order=True
        ).score
        for row in counts.tolist()
    ]


def chrf_counts(hypotheses: Sequence[str], references: Sequence[str]) -> np.ndarray:
    """Count the chrF statistics (sentence, 18)."""
    return np.array(
        [
            _chrf_counts(hypothesis, reference)
            for hypothesis, reference in zip(hypotheses, references, strict=True)
        ]
    )


def _chrf_counts(hypothesis: str, reference: str) -> list[int]:
    """Count n-grams; orders without any in the reference count 0 in the hypothesis too."""
    hypothesis_ngrams, reference_ngrams = (
        extract_all_char_ngrams(text, CHARACTER_ORDERS[-1]) for text in (hypothesis, reference)
    )
    pairs = list(zip(hypothesis_ngrams, reference_ngrams, strict=True))
    return [
        *(ngrams.total() if expected else 0 for ngrams, expected in pairs),
        *(expected.total() for expected in reference_ngrams),
        *((ngrams & expected).total() for ngrams, expected in pairs),
    ]
