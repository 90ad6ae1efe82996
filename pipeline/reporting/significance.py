"""Whether one run translates better than another, or these test sentences happen to suit it."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

from pipeline.errors import DataError
from pipeline.reporting.results import Result
from pipeline.reporting.translations import Translation, read_translations

_SAMPLES = 1000


@dataclass(frozen=True)
class Comparison:
    """Two runs on the same test sentences, the better one first."""

    better: str  # titles
    worse: str
    difference: float  # in BLEU
    p_value: float  # of so large a difference, were the two equally good
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
    return [_paired_bootstrap(first, second) for first, second in combinations(translated, 2)]


def _test_set(translations: Sequence[Translation]) -> list[tuple[str, str]]:
    return [(each.source, each.reference) for each in translations]


def _paired_bootstrap(
    first: tuple[Result, list[Translation]], second: tuple[Result, list[Translation]]
) -> Comparison:
    systems = [
        (result.run.title, [each.hypothesis for each in translations])
        for result, translations in (first, second)
    ]
    references = [each.reference for each in first[1]]
    test = PairedTest(systems, {"BLEU": BLEU()}, [references], "bs", _SAMPLES)
    signatures, scores = test()
    titles, bleu = scores["System"], scores["BLEU"]
    better, worse = (0, 1) if bleu[0].score >= bleu[1].score else (1, 0)
    return Comparison(
        titles[better],
        titles[worse],
        bleu[better].score - bleu[worse].score,
        bleu[1].p_value,
        str(signatures["BLEU"]),
    )
