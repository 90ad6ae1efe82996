"""The settings of music: data, training, decoding, evaluation."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from models.settings import (
    Layout,
    Learned,
    Local1D,
    PositiveFloat,
    SequenceLayout,
    Settings,
    Structure,
    TransformerSettings,
    VoiceLayout,
)
from pipeline.settings.base import Method, NonNegativeInt, Sampling, Share, Splits
from pipeline.settings.evaluation import EvaluationSettings
from pipeline.settings.run import Run
from pipeline.settings.sources import AnySource
from pipeline.settings.training import Training

VOICES = 4  # of a chorale's grid
PITCHES = 128  # of MIDI


class Representation(StrEnum):
    """What the ids of a piece represent."""

    CHORALE_GRID = "chorale_grid"  # the pitch of each of four voices at each 16th
    PERFORMANCE_EVENTS = "performance_events"  # note-ons, note-offs, time shifts, velocities
    MELODY = "melody"  # the pitch and length of each note of one voice


class ChoraleReader(StrEnum):
    """The layout of raw chorales."""

    MUSIC21_CHORALES = "music21_chorales"  # corpus/bach/*.mxl inside music21's wheel
    JSB_CHORALES = "jsb_chorales"  # Jsb16thSeparated.npz, which comes split


class PerformanceReader(StrEnum):
    """The layout of raw performances."""

    MAESTRO = "maestro"  # the zip archive with its csv, which has the splits
    MIDITOK_MAESTRO = "miditok_maestro"  # MIDIs_one_track/Maestro_*.mid in miditok's source archive
    MIDI_FOLDER = "midi_folder"  # every *.mid, *.midi, *.smf, *.kar and *.rmi


class TuneReader(StrEnum):
    """The layout of raw tunes."""

    MUSIC21_TUNES = "music21_tunes"  # books of fiddle tunes in ABC inside music21's wheel


WITH_SPLITS = (ChoraleReader.JSB_CHORALES, PerformanceReader.MAESTRO)


class ChoraleEncoding(Settings):
    """Chorales to grids of four voices in 16ths."""

    representation: Literal[Representation.CHORALE_GRID]
    reader: ChoraleReader
    max_shared_ngrams: Share  # pieces that share more of their 8-chord n-grams are merged
    max_skipped: Share
    training_share: Annotated[float, Field(gt=0, le=1)]  # of the training pieces, which are used
    splits: Splits | None  # null: the data come split

    @model_validator(mode="after")
    def _check_splits(self) -> "ChoraleEncoding":
        return _check_splits_of(self)


class PerformanceEncoding(Settings):
    """Performances to the events of Performance RNN."""

    representation: Literal[Representation.PERFORMANCE_EVENTS]
    reader: PerformanceReader
    workers: PositiveInt  # processes; the output does not depend on it
    max_minutes: PositiveFloat  # longer performances are skipped
    max_skipped: Share
    splits: Splits | None  # null: the data come split

    @model_validator(mode="after")
    def _check_splits(self) -> "PerformanceEncoding":
        return _check_splits_of(self)


class TuneEncoding(Settings):
    """Tunes to melodies."""

    representation: Literal[Representation.MELODY]
    reader: TuneReader
    workers: PositiveInt  # processes that read; the output does not depend on it
    max_shared_ngrams: Share  # tunes that share more of their runs of 8 notes are merged
    max_skipped: Share
    splits: Splits


MusicEncoding = Annotated[
    ChoraleEncoding | PerformanceEncoding | TuneEncoding, Field(discriminator="representation")
]


def _check_splits_of(
    encoding: ChoraleEncoding | PerformanceEncoding,
) -> ChoraleEncoding | PerformanceEncoding:
    if encoding.reader in WITH_SPLITS and encoding.splits is not None:
        raise ValueError(f"splits is set, but reader = {encoding.reader} comes split; use null")
    if encoding.reader not in WITH_SPLITS and encoding.splits is None:
        raise ValueError(
            f"splits is null, but reader = {encoding.reader} does not come split; add the shares"
        )
    return encoding


class MusicDataset(Settings):
    """Pieces of music."""

    task: Literal["music"]
    source: AnySource
    encoding: MusicEncoding

    @property
    def layout(self) -> Layout:
        """The layout of its sequences."""
        if isinstance(self.encoding, ChoraleEncoding):
            return VoiceLayout(voices=VOICES, pitches=PITCHES)
        return SequenceLayout()


class Augmentation(Settings):
    """Random transposition and tempo of each training crop (Huang et al. 2018, section 4.2)."""

    transpose: NonNegativeInt  # largest number of semitones, up or down
    stretch: Annotated[list[PositiveFloat], Field(min_length=1)]  # factors of the duration

    @property
    def changes_tempo(self) -> bool:
        """Whether any factor changes the tempo."""
        return any(factor != 1.0 for factor in self.stretch)


class MusicTraining(Training):
    """The training of a run on music."""

    augmentation: Augmentation | None  # null: none


class MusicDecoding(Settings):
    """Pieces from nothing and continuations of test pieces."""

    sampling: Sampling
    method: Method
    from_nothing: PositiveInt  # pieces
    continuations: PositiveInt  # pieces
    shown_continuations: PositiveInt  # the first of them, which can be seen and heard
    primer_tokens: PositiveInt  # length of the primer of a continuation
    tokens: PositiveInt  # length of a piece, primer included

    @model_validator(mode="after")
    def _check_shown(self) -> "MusicDecoding":
        if self.shown_continuations > self.continuations:
            raise ValueError(
                f"shown_continuations = {self.shown_continuations} is more than continuations = "
                f"{self.continuations}; lower it"
            )
        return self

    @model_validator(mode="after")
    def _check_primer(self) -> "MusicDecoding":
        if self.primer_tokens >= self.tokens:
            raise ValueError(
                f"primer_tokens = {self.primer_tokens} leaves nothing to continue in "
                f"tokens = {self.tokens}; choose a shorter primer"
            )
        return self


class MusicEvaluation(EvaluationSettings):
    """Likelihood by sliding windows, with at least window - stride tokens of context."""

    window: PositiveInt
    stride: PositiveInt
    long_window: PositiveInt  # the longest context of nats by position
    motif: PositiveInt  # successive intervals that count as a motif

    @model_validator(mode="after")
    def _check_stride(self) -> "MusicEvaluation":
        if self.stride > self.window:
            raise ValueError(f"stride = {self.stride} is larger than window = {self.window}")
        return self


class MusicRun(Run):
    """A run on music."""

    task: Literal["music"]
    training: MusicTraining
    decoding: MusicDecoding
    evaluation: MusicEvaluation

    @model_validator(mode="after")
    def _check_task(self) -> "MusicRun":
        self._expect(Structure.DECODER)
        if not isinstance(self.model, TransformerSettings):
            return self
        if isinstance(self.model.positions, Learned):
            self._check_learned(self.model.positions.max_length)
        if isinstance(self.model.attention, Local1D):
            self._check_block(self.model.attention.query_block)
        return self

    def _check_block(self, query_block: int) -> None:
        if self.training.crop is not None and query_block > self.training.crop:
            raise ValueError(
                f"model.attention.query_block = {query_block} is more than training.crop = "
                f"{self.training.crop}, so that nothing is local; choose a smaller block"
            )

    def _check_learned(self, longest: int) -> None:
        lengths = {
            "training.crop": self.training.crop,
            "decoding.tokens": self.decoding.tokens,
            "evaluation.window": self.evaluation.window,
            "evaluation.long_window": self.evaluation.long_window,
        }
        for path, length in lengths.items():
            if length is not None and length > longest:
                raise ValueError(
                    f"{path} = {length} is more than model.positions.max_length = {longest}; "
                    "choose a larger max_length"
                )
