"""Whether one run is better than another, or these test records happen to suit it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Any

import numpy as np
from sacrebleu.metrics import BLEU

from pipeline.errors import DataError
from pipeline.reporting.results import RUNS, Result
from pipeline.reporting.scores import Metric, measures_of
from pipeline.tasks.translation.measures import BLEU as _BLEU
from pipeline.tasks.translation.measures import writes_small_letters
from pipeline.tasks.translation.reporting.translations import read_translations

_SAMPLES, _SEED = 1000, 1


@dataclass(frozen=True)
class Measured:
    """A run by one metric, on the test set and on resamples of it."""

    result: Result
    metric: Metric
    score: float
    resampled: np.ndarray  # score of each resample; the resamples of all runs are the same
    signature: str
    test_set: Sequence[object]  # what tells the records of one test set from those of another
    share: float = 1.0  # of what the run measured: a claim may ask that even a part is better

    def part(self, share: float) -> "Measured":
        """A share of the score, on each resample too."""
        return replace(
            self, score=self.score * share, resampled=self.resampled * share, share=share
        )


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same test records, the better one first."""

    better: Measured
    worse: Measured
    difference: float  # in the metric of both, positive
    p_value: float  # of at least so large a difference, were the two equally good


def measure(result: Result, key: str | None = None) -> Measured:
    """Score `result` on its test set and on resamples, by the metric `key` or that of its task.

    Those are BLEU as sacreBLEU cuts text, which is that of a translation, and what a likelihood is
    measured by. DataError if its records are damaged.
    """
    if result.run.task == "translation" and key in (None, _BLEU.key):
        return _measure_translations(result)
    metrics = measures_of(result).metrics
    metric = metrics[0] if key is None else next(each for each in metrics if each.key == key)
    return _measure_likelihood(result, metric)


def compare(first: Measured, second: Measured) -> Comparison:
    """Compare two runs by paired bootstrap (Koehn 2004).

    Two-sided, of differences moved to the mean 0 of two equal runs. sacreBLEU's own paired test
    compares absolute differences less their mean: it yields about 0.45 for runs of the same BLEU,
    half of this p for clear differences, and 0.001 for the same texts. DataError if the two were
    not measured on the same records.
    """
    if first.test_set != second.test_set:
        raise DataError(
            f"{RUNS / second.result.name}: other test records than {RUNS / first.result.name}; "
            f"run `dvc repro evaluate@{second.result.name}`"
        )
    sign = 1 if first.metric.higher_is_better else -1
    if sign * (first.score - second.score) < 0:
        first, second = second, first
    differences = sign * (first.resampled - second.resampled)
    difference = sign * (first.score - second.score)
    as_large = np.abs(differences - differences.mean()) >= difference
    return Comparison(first, second, difference, (1 + int(as_large.sum())) / (1 + _SAMPLES))


def compare_all(results: Sequence[Result]) -> list[Comparison]:
    """Compare each pair of `results`, which share a test set."""
    measured = [measure(result) for result in results] if len(results) > 1 else []
    return [compare(*pair) for pair in combinations(measured, 2)]


def _measure_translations(result: Result) -> Measured:
    translations = read_translations(result.samples, result.split)
    small = writes_small_letters(result.dataset)
    metric = replace(_BLEU, label="BLEU, case ignored") if small else _BLEU
    of_corpus, of_sentence = BLEU(lowercase=small), BLEU(lowercase=small, effective_order=True)
    hypotheses = [each.hypothesis for each in translations]
    references = [each.reference for each in translations]
    bleu = of_corpus.corpus_score(hypotheses, [references]).score
    scores = map(of_sentence.sentence_score, hypotheses, [[text] for text in references])
    statistics = np.array([[s.sys_len, s.ref_len, *s.counts, *s.totals] for s in scores])
    resampled = [_bleu(sums) for sums in (_resamples(len(hypotheses)) @ statistics).tolist()]
    test_set = [(each.source, each.reference) for each in translations]
    signature = f"{of_corpus.get_signature()}|bs:{_SAMPLES}|seed:{_SEED}"
    return Measured(result, metric, bleu, np.array(resampled), signature, test_set)


def _measure_likelihood(result: Result, metric: Metric) -> Measured:
    """Of a mean over all tokens of the test set, as the records have it of each image or piece."""
    path = result.records / f"{result.split}.jsonl"
    try:
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        counts = np.array([row.get("tokens", 1) for row in rows], np.float64)  # images have equal
        sums = np.array([_sum(row, metric.key) for row in rows], np.float64)
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; run `dvc repro evaluate@{result.name}`") from None
    except (json.JSONDecodeError, KeyError, TypeError, AttributeError) as error:
        raise DataError(f"{path}: {error}; run `dvc repro evaluate@{result.name}`") from None
    if not rows:
        raise DataError(f"{path}: no records; run `dvc repro evaluate@{result.name}`")
    resamples = _resamples(len(rows))
    resampled = (resamples @ sums) / (resamples @ counts)
    signature = f"bs:{_SAMPLES}|seed:{_SEED}"
    score = float(sums.sum() / counts.sum())
    return Measured(result, metric, score, resampled, signature, [*counts])


def _sum(record: dict[str, Any], key: str) -> float:
    """What the tokens of a record measure together: a sentence has it so, the others their mean."""
    return record["nats"] if "nats" in record else record[key] * record.get("tokens", 1)


def _resamples(records: int) -> np.ndarray:
    """How often each resample draws each record: (resample, record)."""
    random = np.random.default_rng(_SEED)
    draws = random.integers(records, size=(_SAMPLES, records))
    return np.stack([np.bincount(drawn, minlength=records) for drawn in draws])


def _bleu(sums: list[int]) -> float:
    """BLEU of summed lengths of hypotheses and references, n-gram matches and n-grams."""
    hypothesis_length, reference_length, *ngrams = sums
    order = len(ngrams) // 2
    return BLEU.compute_bleu(
        ngrams[:order], ngrams[order:], hypothesis_length, reference_length, smooth_method="exp"
    ).score
