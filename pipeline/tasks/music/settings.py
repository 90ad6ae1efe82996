"""The settings of music: its data, its decoding, its metrics."""

from enum import StrEnum
from typing import Literal

from pydantic import PositiveInt, model_validator

from models.settings import (
    Architecture,
    Learned,
    Local1D,
    Local2D,
    ModelSettings,
    Settings,
    Sinusoid2D,
)
from pipeline.settings.base import NonNegativeInt, Sampling, Share, Splits, Task
from pipeline.settings.run import Run
from pipeline.settings.sources import AnySource


class MusicReader(StrEnum):
    """The layout of raw music."""

    MUSIC21_CHORALES = "music21_chorales"  # corpus/bach/*.mxl inside music21's wheel


class MusicEncoding(Settings):
    """Chorales to four voices on a 16th grid."""

    reader: MusicReader
    max_shared_ngrams: Share  # pieces that share more of their 8-chord n-grams are merged
    max_skipped: Share
    splits: Splits


class MusicDataset(Settings):
    """Pieces of four voices."""

    task: Literal[Task.MUSIC]
    source: AnySource
    encoding: MusicEncoding


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


class MusicRun(Run):
    """A run that composes."""

    task: Literal[Task.MUSIC]
    decoding: MusicDecoding
    evaluation: MusicEvaluation

    @model_validator(mode="after")
    def _check_task(self) -> "MusicRun":
        self._expect(Architecture.DECODER, Architecture.LSTM_DECODER)
        self._refuse_pixels()
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
