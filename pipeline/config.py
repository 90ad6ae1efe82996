"""params.yaml as frozen, validated models: the only reader of it.

No setting has a default: every value stands, commented, in params.yaml, where DVC tracks it.
"""

import json
import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, PositiveInt, ValidationError, model_validator
from ruamel.yaml import YAML, YAMLError
from ruamel.yaml.error import MarkedYAMLError

from models.settings import (
    AnyModelSettings,
    Architecture,
    Learned,
    Local1D,
    Local2D,
    ModelSettings,
    PositiveFloat,
    Probability,
    RelativePitchTime,
    Settings,
    Sinusoid2D,
)
from pipeline.errors import ConfigError
from pipeline.explain import explain, nearest

PARAMS = Path("params.yaml")


def _check_sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("should be the 64 hexadecimal digits of a sha256")
    return text


def _check_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", text):
        raise ValueError("a name should have lower-case letters, digits and _ only")
    return text


Sha256 = Annotated[str, AfterValidator(_check_sha256)]
Name = Annotated[str, AfterValidator(_check_name)]
NonNegativeFloat = Annotated[float, Field(ge=0.0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Task(StrEnum):
    """What is generated."""

    TRANSLATION = "translation"
    IMAGE = "image"
    MUSIC = "music"


# ---------------------------------------------------------------------------------- sources


class Source(Settings):
    """Where raw data comes from; `origin` and `licence` are recorded beside it."""

    origin: str
    licence: str


class PackageSource(Source):
    """An archive from the Python package index, used as data and not installed."""

    kind: Literal["package"]
    name: str
    version: str
    python_version: str  # the interpreter that the archive asks for
    platform: str  # "any", or the platform tag of the wheel
    file: str
    sha256: Sha256


class HubSource(Source):
    """A Hugging Face hub data set; `splits` maps our split to the hub's."""

    kind: Literal["hub"]
    id: str
    revision: str
    splits: dict[Literal["train", "validation", "test"], str]


class UrlSource(Source):
    """One file at a URL."""

    kind: Literal["url"]
    address: str
    file: str
    sha256: Sha256


class FolderSource(Source):
    """A folder on this machine."""

    kind: Literal["folder"]
    path: str


AnySource = Annotated[
    PackageSource | HubSource | UrlSource | FolderSource, Field(discriminator="kind")
]


# --------------------------------------------------------------------------------- encoding


class TranslationReader(StrEnum):
    """The layout of raw parallel text."""

    HOME_ASSISTANT = "home_assistant"  # a wheel with */translations/<language>.json per integration
    PARALLEL_COLUMNS = "parallel_columns"  # <split>.parquet with a column per language


class ImageReader(StrEnum):
    """The layout of raw images."""

    SKLEARN_DIGITS = "sklearn_digits"  # digits.csv.gz inside scikit-learn's wheel


class MusicReader(StrEnum):
    """The layout of raw music."""

    MUSIC21_CHORALES = "music21_chorales"  # corpus/bach/*.mxl inside music21's wheel


class Splits(Settings):
    """The share of the records (or groups of records) held out for validation and test."""

    validation: Share
    test: Share
    seed: NonNegativeInt

    @model_validator(mode="after")
    def _leave_something_to_train_on(self) -> "Splits":
        if self.validation + self.test >= 1.0:
            raise ValueError(
                f"validation = {self.validation} and test = {self.test} leave nothing to train on"
            )
        return self


class TranslationEncoding(Settings):
    """Parallel text to joint byte-pair pieces."""

    reader: TranslationReader
    source_language: Name
    target_language: Name
    vocabulary_size: PositiveInt
    max_words: PositiveInt  # longer sentences are dropped from every split
    min_test_words: PositiveInt  # shorter ones are kept for training only
    max_test_words: PositiveInt  # longer ones are kept for training only
    near_twin_similarity: Share  # token Jaccard with a held-out sentence that drops a training pair
    max_skipped: Share  # a larger share of unreadable records fails the stage
    splits: Splits | None  # null: the raw data comes split

    @model_validator(mode="after")
    def _check_combinations(self) -> "TranslationEncoding":
        if self.source_language == self.target_language:
            raise ValueError(
                f"source_language and target_language are both {self.source_language}; "
                "choose two languages"
            )
        if self.min_test_words > self.max_test_words:
            raise ValueError(
                f"min_test_words = {self.min_test_words} is larger than max_test_words = "
                f"{self.max_test_words}; no sentence would be held out"
            )
        if self.splits is None and self.reader is TranslationReader.HOME_ASSISTANT:
            raise ValueError(
                "splits = null, but reader = home_assistant comes unsplit; give shares"
            )
        return self


class ImageEncoding(Settings):
    """Images to intensities in raster order."""

    reader: ImageReader
    max_skipped: Share
    splits: Splits


class MusicEncoding(Settings):
    """Chorales to four voices on a 16th grid."""

    reader: MusicReader
    max_shared_ngrams: Share  # pieces that share more of their 8-chord n-grams are merged
    max_skipped: Share
    splits: Splits


class TranslationDataset(Settings):
    """Parallel text."""

    task: Literal[Task.TRANSLATION]
    source: AnySource
    encoding: TranslationEncoding


class ImageDataset(Settings):
    """Images with classes."""

    task: Literal[Task.IMAGE]
    source: AnySource
    encoding: ImageEncoding


class MusicDataset(Settings):
    """Pieces of four voices."""

    task: Literal[Task.MUSIC]
    source: AnySource
    encoding: MusicEncoding


Dataset = Annotated[TranslationDataset | ImageDataset | MusicDataset, Field(discriminator="task")]


# --------------------------------------------------------------------------------- training


class Device(StrEnum):
    """Where a network runs."""

    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """The numbers that matrix products are computed in; weights are always float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Publish(StrEnum):
    """Which weights of a training are published."""

    AVERAGED = "averaged"  # the mean of the last checkpoints
    BEST = "best"  # those with the lowest validation loss
    LAST = "last"


class Training(Settings):
    """How weights are found; a step is one optimizer update."""

    seed: NonNegativeInt
    device: Device
    processes: PositiveInt  # each computes its share of every batch; with cuda on a GPU of its own
    threads: PositiveInt  # CPU threads of a process; another number rounds differently
    precision: Precision
    compile: bool  # torch.compile
    steps: PositiveInt
    batch_tokens: PositiveInt  # target positions in a batch, padding included
    accumulate: PositiveInt  # batches of one update
    crop: PositiveInt | None  # positions of a random crop of a long sequence; null: whole sequences
    learning_rate: PositiveFloat  # the peak, reached at warmup_steps
    warmup_steps: PositiveInt
    adam_beta1: Probability
    adam_beta2: Probability
    adam_epsilon: PositiveFloat
    label_smoothing: Probability
    gradient_clip: PositiveFloat | None  # largest norm of the gradient; null: not clipped
    publish: Publish
    average_checkpoints: PositiveInt  # the last N, spaced by average_every
    average_every: PositiveInt
    validate_every: PositiveInt
    checkpoint_every: PositiveInt

    @model_validator(mode="after")
    def _check_average(self) -> "Training":
        span = (self.average_checkpoints - 1) * self.average_every
        if span >= self.steps:
            raise ValueError(
                f"average_checkpoints = {self.average_checkpoints} spaced by average_every = "
                f"{self.average_every} reach back {span} steps, but steps = {self.steps}"
            )
        return self


# --------------------------------------------------------------- decoding and evaluation


class TranslationDecoding(Settings):
    """Beam search with the length penalty of GNMT."""

    beam_size: PositiveInt
    length_penalty: NonNegativeFloat  # alpha
    extra_length: NonNegativeInt  # a translation has at most source + extra_length pieces
    batch_sentences: PositiveInt


class Sampling(Settings):
    """How the next id is drawn."""

    seed: NonNegativeInt
    temperature: PositiveFloat
    top_k: PositiveInt | None  # null: all
    top_p: Annotated[float, Field(gt=0.0, le=1.0)]  # 1.0: all


class ImageDecoding(Settings):
    """Class-conditional samples and completions of the lower half."""

    sampling: Sampling
    samples_per_class: PositiveInt
    completed_images: PositiveInt
    completions_per_image: PositiveInt


class MusicDecoding(Settings):
    """Pieces from nothing and continuations of the openings of test pieces."""

    sampling: Sampling
    from_nothing: PositiveInt  # pieces
    continuations: PositiveInt  # pieces
    primer_sixteenths: PositiveInt  # length of the opening that is given
    sixteenths: PositiveInt  # length of each piece, the opening included

    @model_validator(mode="after")
    def _leave_something_to_draw(self) -> "MusicDecoding":
        if self.primer_sixteenths >= self.sixteenths:
            raise ValueError(
                f"primer_sixteenths = {self.primer_sixteenths} leaves nothing to continue in "
                f"sixteenths = {self.sixteenths}; choose a shorter primer"
            )
        return self


class Convention(StrEnum):
    """How a paper cut text before it measured BLEU."""

    MOSES = "moses"  # tokenizer.perl, cased
    MOSES_COMPOUND_SPLIT = "moses_compound_split"  # hyphens as tokens: WMT, Vaswani et al. 2017
    MULTI30K = "multi30k"  # punctuation normalised, tokenizer.perl, lower-cased


class TranslationEvaluation(Settings):
    """BLEU, chrF and nats per token."""

    tokenised_bleu: Convention  # measured beside sacreBLEU's own tokenisation
    bootstrap_samples: PositiveInt  # drawn with sacreBLEU's own seed, which its signature names
    batch_tokens: PositiveInt


class ImageEvaluation(Settings):
    """Bits per dimension."""

    bootstrap_samples: PositiveInt
    bootstrap_seed: NonNegativeInt
    batch_images: PositiveInt


class MusicEvaluation(Settings):
    """Likelihood by sliding windows: each token once, with at least window - stride before it."""

    bootstrap_samples: PositiveInt
    bootstrap_seed: NonNegativeInt
    window: PositiveInt
    stride: PositiveInt

    @model_validator(mode="after")
    def _check_stride(self) -> "MusicEvaluation":
        if self.stride > self.window:
            raise ValueError(f"stride = {self.stride} is larger than window = {self.window}")
        return self


class Run(Settings):
    """One network on one data set; a task adds how it is decoded and evaluated."""

    dataset: Name
    title: str  # how the report calls it
    model: AnyModelSettings
    training: Training

    def _expect(self, *architectures: Architecture) -> None:
        if self.model.architecture not in architectures:
            raise ValueError(
                f"model.architecture = {self.model.architecture} does not fit task = {self.task}; "
                f"use {' or '.join(architectures)}"
            )

    def _refuse_crop(self) -> None:
        if self.training.crop is not None:
            raise ValueError(
                f"training.crop = {self.training.crop}, but task = {self.task} needs whole "
                "sequences; use null"
            )


class TranslationRun(Run):
    """A run that translates."""

    task: Literal[Task.TRANSLATION]
    decoding: TranslationDecoding
    evaluation: TranslationEvaluation

    @model_validator(mode="after")
    def _check_task(self) -> "TranslationRun":
        self._expect(
            Architecture.ENCODER_DECODER,
            Architecture.LSTM_ENCODER_DECODER,
            Architecture.CONV_ENCODER_DECODER,
        )
        self._refuse_crop()
        return self


class ImageRun(Run):
    """A run that paints."""

    task: Literal[Task.IMAGE]
    decoding: ImageDecoding
    evaluation: ImageEvaluation

    @model_validator(mode="after")
    def _check_task(self) -> "ImageRun":
        self._expect(Architecture.DECODER, Architecture.LSTM_DECODER, Architecture.PIXELCNN)
        self._refuse_crop()
        if isinstance(self.model, ModelSettings) and isinstance(
            self.model.positions, RelativePitchTime
        ):
            raise ValueError(
                f"model.positions.kind = {self.model.positions.kind} is defined for music, but "
                f"task = {self.task}; use skewed_relative"
            )
        return self


class MusicRun(Run):
    """A run that composes."""

    task: Literal[Task.MUSIC]
    decoding: MusicDecoding
    evaluation: MusicEvaluation

    @model_validator(mode="after")
    def _check_task(self) -> "MusicRun":
        self._expect(Architecture.DECODER, Architecture.LSTM_DECODER)
        if not isinstance(self.model, ModelSettings):
            return self
        for part in (self.model.positions, self.model.locality):
            if isinstance(part, Sinusoid2D | Local2D):
                raise ValueError(
                    f"model has kind = {part.kind}, which is defined for images; "
                    "use a one-dimensional kind"
                )
        if isinstance(self.model.positions, Learned):
            self._check_learned(self.model.positions.max_length)
        if isinstance(self.model.locality, Local1D):
            self._check_block(self.model.locality.query_block)
        return self

    def _check_block(self, query_block: int) -> None:
        if self.training.crop is not None and query_block > self.training.crop:
            raise ValueError(
                f"model.locality.query_block = {query_block} is more than training.crop = "
                f"{self.training.crop}, so that nothing is local; choose a smaller block"
            )

    def _check_learned(self, longest: int) -> None:
        lengths = {"training.crop": self.training.crop, "evaluation.window": self.evaluation.window}
        for path, length in lengths.items():
            if length is not None and length > longest:
                raise ValueError(
                    f"{path} = {length} is more than model.positions.max_length = {longest}; "
                    "choose a larger max_length"
                )


AnyRun = Annotated[TranslationRun | ImageRun | MusicRun, Field(discriminator="task")]


class Report(Settings):
    """What the page shows beside the numbers."""

    title: str
    translations: PositiveInt  # rows in the table of translations of a run


class Params(Settings):
    """A whole params.yaml."""

    datasets: Annotated[dict[Name, Dataset], Field(min_length=1)]
    runs: Annotated[dict[Name, AnyRun], Field(min_length=1)]
    report: Report


# ---------------------------------------------------------------------------------- reading


def load(path: Path = PARAMS) -> Params:
    """Read and validate `path`; ConfigError names the first wrong parameter by its dotted path."""
    return parse(_read_yaml(path), path)


def parse(raw: Any, path: Path) -> Params:
    """Validate the parsed YAML `raw` that was read from `path`."""
    try:
        # In JSON mode a string may name an enum's member while "3" is still no number.
        text = json.dumps(raw, default=str)
    except (TypeError, ValueError) as error:
        raise ConfigError(f"{path}: not only names, values and lists: {error}") from None
    try:
        params = Params.model_validate_json(text)
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, json.loads(text))}") from None
    for name, run in params.runs.items():
        _check_dataset(params, name, run, path)
    return params


def _check_dataset(params: Params, name: str, run: AnyRun, path: Path) -> None:
    dataset = params.datasets.get(run.dataset)
    if dataset is None:
        raise ConfigError(
            f"{path}: runs.{name}.dataset = {run.dataset} is not among datasets "
            f"({', '.join(params.datasets)}){nearest(run.dataset, params.datasets)}"
        )
    if dataset.task != run.task:
        raise ConfigError(
            f"{path}: runs.{name}.task = {run.task} but datasets.{run.dataset}.task = "
            f"{dataset.task}; make them equal"
        )


def dataset_of(params: Params, name: str) -> Dataset:
    """Return the data set `name`; ConfigError suggests the nearest right name."""
    return _lookup(params.datasets, name, "datasets")


def run_of(params: Params, name: str) -> AnyRun:
    """Return the run `name`; ConfigError suggests the nearest right name."""
    return _lookup(params.runs, name, "runs")


def _lookup(table: dict[str, Any], name: str, section: str) -> Any:
    if name not in table:
        raise ConfigError(
            f"{PARAMS}: {section}.{name} does not exist{nearest(name, table)}; "
            f"{section} has {', '.join(table)}"
        )
    return table[name]


def _read_yaml(path: Path) -> Any:
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise ConfigError(f"{path}: no such file; run in the folder of a scale") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1
        raise ConfigError(f"{path}: not valid YAML: line {line}: {error.problem}") from None
    except (YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
