"""Which numbers speak for a task, and the tables of them: the page and the terminal show the same.

The first metric of a task is the one that it is judged by.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from pipeline.errors import DataError
from pipeline.measures import Baseline, Measures, Metric
from pipeline.reporting.results import Result, count_classes
from pipeline.settings.base import Task
from pipeline.tasks.image.metrics import statistics as image
from pipeline.tasks.music.metrics import statistics as music
from pipeline.tasks.music.settings import PerformanceEncoding
from pipeline.tasks.translation.metrics import statistics as translation
from pipeline.tasks.translation.settings import (
    Convention,
    LetterCase,
    TranslationEncoding,
)

MEASURES = {
    Task.TRANSLATION: Measures(
        metrics=(
            Metric(
                "bleu",
                "BLEU",
                "sacreBLEU over the whole test split, on detokenised text",
                decimals=1,
                higher_is_better=True,
                has_interval=True,
                statistics=translation.BLEU,
                compute=translation.bleu,
            ),
            Metric(
                "tokenised_bleu",
                "BLEU, tokenised",
                "on text cut by the papers’ convention, which the signature names; not comparable "
                "with the column before it",
                decimals=1,
                higher_is_better=True,
                statistics=translation.TOKENISED_BLEU,
                compute=translation.bleu,
            ),
            Metric(
                "chrf",
                "chrF",
                "F-score of character n-grams",
                decimals=1,
                higher_is_better=True,
                has_interval=True,
                statistics=translation.CHRF,
                compute=translation.chrf,
            ),
            Metric(
                "nats_per_token",
                "nats per piece",
                "−ln p of the reference per piece, END included; depends on the vocabulary, so it "
                "compares only runs with the same pieces",
                decimals=3,
                higher_is_better=False,
                statistics=translation.NATS_PER_TOKEN,
            ),
        ),
        baselines=(
            Baseline("Source copied", {"bleu": "copy_source_bleu", "chrf": "copy_source_chrf"}),
        ),
        records="sentences",
        compared_by=(
            Metric(
                "lowercase_bleu",
                "BLEU, case ignored",
                "case is ignored, because these networks write small letters, and text is cut as "
                "sacreBLEU cuts it",
                decimals=1,
                higher_is_better=True,
                statistics=translation.LOWERCASE_BLEU,
                compute=translation.bleu,
            ),
        ),
    ),
    Task.IMAGE: Measures(
        metrics=(
            Metric(
                "bits_per_dimension",
                "bits per dimension",
                "−log₂ p per intensity, averaged over all channels and pixels of the test images",
                decimals=3,
                higher_is_better=False,
                has_interval=True,
                statistics=image.BITS_PER_DIMENSION,
            ),
            Metric(
                "psnr",
                "PSNR",
                "peak signal to noise of enlarged images in decibels, of a sample at the first "
                "temperature",
                decimals=2,
                higher_is_better=True,
                optional=True,
                statistics=image.PSNR,
                compute=image.psnr,
            ),
            Metric(
                "psnr_of_mean",
                "PSNR of the mean",
                "the same of the mean of all samples of an image",
                decimals=2,
                higher_is_better=True,
                optional=True,
                statistics=image.PSNR_OF_MEAN,
                compute=image.psnr,
            ),
            Metric(
                "diversity",
                "diversity",
                "standard deviation of an intensity among the samples of an image, as a share of "
                "the range",
                decimals=3,
                higher_is_better=True,
                optional=True,
                statistics=image.DIVERSITY,
            ),
        ),
        baselines=(
            Baseline(
                "Bicubic interpolation",
                {"bits_per_dimension": "bicubic", "psnr": "bicubic_psnr"},
                optional=True,
                definition="a logistic around the interpolated intensity, its one scale for all "
                "pixels the likeliest for the training images; alone among the baselines it is "
                "given the source that is enlarged, the others describe the image without it",
            ),
            Baseline("All intensities alike", {"bits_per_dimension": "uniform"}),
            Baseline("Frequency of each intensity", {"bits_per_dimension": "unigram"}),
            Baseline("Given the pixel to the left", {"bits_per_dimension": "left_neighbour"}),
            Baseline(
                "Difference to the pixel to the left", {"bits_per_dimension": "left_difference"}
            ),
            Baseline("Given class and place", {"bits_per_dimension": "class_and_position"}),
            Baseline("PNG", {"bits_per_dimension": "png"}),
            Baseline("WebP, lossless", {"bits_per_dimension": "webp"}),
            Baseline("JPEG XL, lossless", {"bits_per_dimension": "jpeg_xl"}),
        ),
        records="images",
    ),
    Task.MUSIC: Measures(
        metrics=(
            Metric(
                "nats_per_token",
                "nats per token",
                "−ln p per voice and 16th of a chorale, or per event of a performance; each token "
                "of the test pieces is scored once",
                decimals=3,
                higher_is_better=False,
                has_interval=True,
                statistics=music.NATS_PER_TOKEN,
            ),
            Metric(
                "validation.nats_per_token",
                "nats, validation",
                "the same of the validation split, of which the Music Transformer’s paper tells",
                decimals=3,
                higher_is_better=False,
                statistics=music.NATS_PER_TOKEN,
            ),
            Metric(
                "accuracy",
                "accuracy",
                "share of tokens whose likeliest prediction is the true one",
                decimals=1,
                higher_is_better=True,
                percent=True,
                statistics=music.ACCURACY,
            ),
            Metric(
                "onset_accuracy",
                "onset accuracy",
                "the same where a note begins: holding the pitch of a voice cannot score",
                decimals=1,
                higher_is_better=True,
                percent=True,
                statistics=music.ONSET_ACCURACY,
            ),
        ),
        baselines=(
            Baseline("Frequency of each token", {"nats_per_token": "unigram_nats"}),
            Baseline("Given the voice’s previous pitch", {"nats_per_token": "bigram_nats"}),
            Baseline("Previous pitch held", {"accuracy": "hold_accuracy"}),
            Baseline("Commonest onset of each voice", {"onset_accuracy": "onset_accuracy"}),
        ),
        records="pieces",
    ),
}


PERFORMANCES = replace(
    MEASURES[Task.MUSIC],
    baselines=(
        Baseline("Frequency of each event", {"nats_per_token": "unigram_nats"}),
        Baseline(
            "Given the event before",
            {"nats_per_token": "bigram_nats", "accuracy": "bigram_accuracy"},
        ),
        Baseline("Commonest onset", {"onset_accuracy": "onset_accuracy"}),
    ),
)

ONE_CLASS = replace(
    MEASURES[Task.IMAGE],
    baselines=tuple(
        replace(baseline, label="Given place")
        if "class_and_position" in baseline.keys.values()
        else baseline
        for baseline in MEASURES[Task.IMAGE].baselines
    ),
)

_BLEU, _TOKENISED_BLEU, _CHRF, _NATS_PER_PIECE = MEASURES[Task.TRANSLATION].metrics
SMALL_LETTERS = replace(
    MEASURES[Task.TRANSLATION],
    metrics=(
        replace(
            _TOKENISED_BLEU,
            label="BLEU, lower-cased",
            definition="on text tokenised and put into small letters by the papers’ convention, "
            "which the signature names; these networks write small letters alone",
        ),
        replace(
            _BLEU,
            label="BLEU, cased",
            definition=f"{_BLEU.definition}; counts as an error each capital letter that these "
            "networks cannot write",
        ),
        replace(_CHRF, label="chrF, cased", definition=f"{_CHRF.definition}, capitals too"),
        _NATS_PER_PIECE,
    ),
)
_IGNORES_CASE = {Convention.MULTI30K}


def measures_of(result: Result) -> Measures:
    """The metrics and the baselines of a run's task and of how its data are written."""
    if isinstance(result.dataset.encoding, PerformanceEncoding):
        return PERFORMANCES
    if writes_small_letters(result) and result.run.evaluation.tokenised_bleu in _IGNORES_CASE:
        return SMALL_LETTERS
    if result.run.task is Task.IMAGE and count_classes(result.run.dataset) == 1:
        return ONE_CLASS
    return MEASURES[result.run.task]


def writes_small_letters(result: Result) -> bool:
    """Whether it translates into small letters: a score in which case counts says little."""
    encoding = result.dataset.encoding
    return isinstance(encoding, TranslationEncoding) and encoding.letter_case is LetterCase.LOWER


@dataclass(frozen=True)
class Score:
    """A measured value, with its 95 % interval where there is one."""

    value: float
    low: float | None = None
    high: float | None = None


def as_text(metric: Metric, score: Score | None) -> str:
    """A score with its interval, as plain text has it."""
    if score is None:
        return "–"
    text = metric.format(score.value)
    if score.low is None or score.high is None:
        return text
    return f"{text} [{metric.format(score.low)}, {metric.format(score.high)}]"


@dataclass(frozen=True)
class Row:
    """A run or a baseline; `scores` follow the metrics, None where it has none."""

    label: str
    run: str | None  # the run's name, None for a baseline
    parameters: int | None
    scores: tuple[Score | None, ...]
    definition: str = ""  # of a baseline whose label does not say it


@dataclass(frozen=True)
class Table:
    """The runs of one task on one data set, and below them the baselines."""

    metrics: tuple[Metric, ...]
    rows: tuple[Row, ...]
    records: str
    record_count: int

    @property
    def runs(self) -> list[Row]:
        """The rows of the runs."""
        return [row for row in self.rows if row.run]

    @property
    def best_baseline(self) -> tuple[str, Score] | None:
        """The label and the value of the strongest baseline by the first metric, if any has it."""
        scored = [(row.label, row.scores[0]) for row in self.rows if not row.run and row.scores[0]]
        sign = 1 if self.metrics[0].higher_is_better else -1
        return max(scored, key=lambda pair: sign * pair[1].value, default=None)


def tabulate(task: Task, results: Sequence[Result]) -> Table:
    """Return the table of `results`, which share the task and the data set."""
    measures = measures_of(results[0])
    metrics = tuple(
        metric
        for metric in measures.metrics
        if not metric.optional or any(metric.key in each.metrics["test"] for each in results)
    )
    runs = [
        Row(
            result.run.title,
            result.name,
            result.parameters,
            tuple(_measured(result, metric) for metric in metrics),
        )
        for result in results
    ]
    baselines = [
        Row(
            baseline.label,
            None,
            None,
            tuple(
                Score(_number(measured, "baseline", baseline.keys[metric.key]))
                if metric.key in baseline.keys
                else None
                for metric in metrics
            ),
            baseline.definition,
        )
        for baseline in measures.baselines
        if (measured := _first_with(baseline, results))
    ]
    count = int(_number(results[0], "test", measures.records))
    return Table(metrics, (*runs, *baselines), measures.records, count)


def _first_with(baseline: Baseline, results: Sequence[Result]) -> Result | None:
    """The run beside which a baseline was measured: the first one, if it has to be there."""
    if not baseline.optional:
        return results[0]
    keys = set(baseline.keys.values())
    return next((each for each in results if each.metrics["baseline"].keys() >= keys), None)


def _measured(result: Result, metric: Metric) -> Score | None:
    if metric.optional and metric.key not in result.metrics["test"]:
        return None
    part, _, key = metric.key.rpartition(".")
    value = _number(result, part or "test", key)
    if not metric.has_interval:
        return Score(value)
    low, high = (_number(result, "test", f"{metric.key}_{end}") for end in ("low", "high"))
    return Score(value, low, high)


def _number(result: Result, part: str, key: str) -> float:
    value = result.metrics.get(part, {}).get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise DataError(
            f"{result.metrics_path}: {result.section}.{part}.{key} = {value!r} is not a number; "
            f"run `dvc repro evaluate@{result.name}`"
        )
    return float(value)
