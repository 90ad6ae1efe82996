"""Sufficient statistics of the metrics of translation, and the scores of their sums."""

import numpy as np

WORD_ORDERS = range(1, 5)  # n of the n-grams of BLEU
CHARACTER_ORDERS = range(1, 7)  # n of the n-grams of chrF
_BETA = 2  # of chrF: recall weighs twice as much as precision


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
UNIGRAM_NATS = ("unigram_nats", "tokens")
# Of the longer half of the sentences; 0 for the others.
LENGTH_GAP = (*NATS_PER_TOKEN, "longer_nats", "longer_tokens")
# Of the top layer, on the sentences that are observed; 0 for the others. Squared errors of a probe
# of the positions, their squared deviations, correlations of cross-attention, and sentences.
PROBE_R2 = ("probe_error", "probe_deviation")
CROSS_CORRELATION = ("cross_correlation", "observed")


def bleu(sums: np.ndarray) -> np.ndarray:
    """Compute BLEU (Papineni et al. 2002) as sacreBLEU does, from sums (..., 10) ordered as `BLEU`.

    Orders without a match are smoothed exponentially: 1/2 match, then 1/4, and so on. BLEU is 0
    without any match, or if an order has no n-grams.
    """
    hypothesis, reference, counts = sums[..., 0], sums[..., 1], sums[..., 2:]
    matches, totals = np.split(np.asarray(counts, np.float64), 2, axis=-1)
    smoothing = 2.0 ** -np.cumsum(matches == 0, axis=-1)
    measurable = matches.any(axis=-1) & (totals > 0).all(axis=-1)
    precisions = np.where(matches > 0, matches, smoothing) / np.maximum(totals, 1)
    brevity = np.exp(np.minimum(1 - reference / np.maximum(hypothesis, 1), 0))
    return np.where(measurable, 100 * brevity * np.exp(np.log(precisions).mean(axis=-1)), 0.0)


def chrf(sums: np.ndarray) -> np.ndarray:
    """Compute chrF (Popović 2015) as sacreBLEU does, from sums (..., 18) ordered as `CHRF`.

    The F-score of mean precision and mean recall over the orders that both texts have.
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


def length_gap(sums: np.ndarray) -> np.ndarray:
    """Compute how many more nats per token the longer sentences take than the shorter ones.

    From sums (..., 4) ordered as `LENGTH_GAP`.
    """
    nats, tokens, longer_nats, longer_tokens = np.moveaxis(np.asarray(sums, np.float64), -1, 0)
    shorter = (nats - longer_nats) / np.maximum(tokens - longer_tokens, 1)
    return longer_nats / np.maximum(longer_tokens, 1) - shorter


def explained(sums: np.ndarray) -> np.ndarray:
    """Compute R², 1 - error / deviation, from sums (..., 2) ordered as `PROBE_R2`."""
    return 1 - sums[..., 0] / sums[..., 1]
