"""The sufficient statistics of the metrics of translation, and the scores that follow from sums."""

import numpy as np

WORD_ORDERS = range(1, 5)  # of BLEU's n-grams
CHARACTER_ORDERS = range(1, 7)  # of chrF's
_BETA = 2  # of chrF: recall counts twice as much as precision


def _bleu_statistics(prefix: str) -> tuple[str, ...]:
    counts = [f"{prefix}_{kind}_{n}" for kind in ("matches", "totals") for n in WORD_ORDERS]
    return (f"{prefix}_hypothesis_length", f"{prefix}_reference_length", *counts)


BLEU = _bleu_statistics("bleu")
TOKENISED_BLEU = _bleu_statistics("tokenised_bleu")
LOWERCASE_BLEU = _bleu_statistics("lowercase_bleu")
CHRF = tuple(
    f"chrf_{kind}_{n}" for kind in ("hypothesis", "reference", "matches") for n in CHARACTER_ORDERS
)
NATS_PER_TOKEN = ("nats", "tokens")


def bleu(sums: np.ndarray) -> np.ndarray:
    """BLEU (Papineni et al. 2002) from sums (..., 10) in the order of `BLEU`, as sacreBLEU has it.

    Orders without a match are smoothed exponentially, each by twice as much as the one before; it
    is 0 without any match, or where no hypothesis is long enough for an n-gram.
    """
    hypothesis, reference, counts = sums[..., 0], sums[..., 1], sums[..., 2:]
    matches, totals = np.split(np.asarray(counts, np.float64), 2, axis=-1)
    smoothing = 2.0 ** -np.cumsum(matches == 0, axis=-1)
    measurable = matches.any(axis=-1) & (totals > 0).all(axis=-1)
    precisions = np.where(matches > 0, matches, smoothing) / np.maximum(totals, 1)
    brevity = np.exp(np.minimum(1 - reference / np.maximum(hypothesis, 1), 0))
    return np.where(measurable, 100 * brevity * np.exp(np.log(precisions).mean(axis=-1)), 0.0)


def chrf(sums: np.ndarray) -> np.ndarray:
    """chrF (Popović 2015) from sums (..., 18) in the order of `CHRF`, as sacreBLEU has it.

    The F-score of precision and recall, each the mean over the orders that both texts have.
    """
    hypothesis, reference, matches = np.split(np.asarray(sums, np.float64), 3, axis=-1)
    both = (hypothesis > 0) & (reference > 0)
    orders = np.maximum(both.sum(axis=-1), 1)
    precision, recall = (
        (both * matches / np.maximum(counts, 1)).sum(axis=-1) / orders
        for counts in (hypothesis, reference)
    )
    weighted = _BETA**2 * precision + recall
    return 100 * (1 + _BETA**2) * precision * recall / np.where(weighted > 0, weighted, 1.0)
