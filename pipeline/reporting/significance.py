"""Whether one run translates better than another, or these test sentences happen to suit it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from sacrebleu.metrics import BLEU

from pipeline.errors import DataError
from pipeline.reporting.results import Result
from pipeline.reporting.translations import Translation, read_translations

_SAMPLES, _SEED = 1000, 1


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same test sentences, the better one first."""

    better: str  # titles
    worse: str
    difference: float  # in BLEU
    p_value: float  # of at least so large a difference, were the two equally good
    signature: str


@dataclass(frozen=True)
class _Measured:
    title: str
    bleu: float
    resampled: np.ndarray  # BLEU of each resample; the resamples of all runs are the same
    signature: str


def compare(results: Sequence[Result]) -> list[Comparison]:
    """Compare each pair of `results`, which share a test set, by paired bootstrap (Koehn 2004).

    DataError names the run whose test sentences are not those of the first one.
    """
    translated = [(result, read_translations(result.samples, result.split)) for result in results]
    for result, translations in translated:
        if _test_set(translations) != _test_set(translated[0][1]):
            raise DataError(
                f"{result.samples}: other test sentences than {translated[0][0].samples}; "
                f"run `dvc repro decode@{result.name}`"
            )
    measured = [_measure(*each) for each in translated] if len(translated) > 1 else []
    return [_compare(first, second) for first, second in combinations(measured, 2)]


def _test_set(translations: Sequence[Translation]) -> list[tuple[str, str]]:
    return [(each.source, each.reference) for each in translations]


def _measure(result: Result, translations: Sequence[Translation]) -> _Measured:
    metric, of_sentence = BLEU(), BLEU(effective_order=True)
    hypotheses = [each.hypothesis for each in translations]
    references = [each.reference for each in translations]
    bleu = metric.corpus_score(hypotheses, [references]).score
    scores = map(of_sentence.sentence_score, hypotheses, [[text] for text in references])
    statistics = np.array([[s.sys_len, s.ref_len, *s.counts, *s.totals] for s in scores])
    resampled = [_bleu(sums) for sums in (_resamples(len(hypotheses)) @ statistics).tolist()]
    signature = f"{metric.get_signature()}|bs:{_SAMPLES}|seed:{_SEED}"
    return _Measured(result.run.title, bleu, np.array(resampled), signature)


def _resamples(sentences: int) -> np.ndarray:
    """How often each resample draws each sentence: (resample, sentence)."""
    random = np.random.default_rng(_SEED)
    draws = random.integers(sentences, size=(_SAMPLES, sentences))
    return np.stack([np.bincount(drawn, minlength=sentences) for drawn in draws])


def _bleu(sums: list[int]) -> float:
    """BLEU of summed lengths of hypotheses and references, n-gram matches and n-grams."""
    hypothesis_length, reference_length, *ngrams = sums
    order = len(ngrams) // 2
    return BLEU.compute_bleu(
        ngrams[:order], ngrams[order:], hypothesis_length, reference_length, smooth_method="exp"
    ).score


def _compare(first: _Measured, second: _Measured) -> Comparison:
    """The two-sided test: differences of resamples, moved to the mean 0 of two equal runs.

    sacreBLEU's own paired test compares absolute differences less their mean: it yields about 0.45
    for runs of the same BLEU, half of this p for clear differences, and 0.001 for the same texts.
    """
    better, worse = (first, second) if first.bleu >= second.bleu else (second, first)
    difference = better.bleu - worse.bleu
    differences = better.resampled - worse.resampled
    as_large = np.abs(differences - differences.mean()) >= difference
    p_value = (1 + int(as_large.sum())) / (1 + _SAMPLES)
    return Comparison(better.title, worse.title, difference, p_value, first.signature)
