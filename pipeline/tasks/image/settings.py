"""The settings of images: their data, their decoding, their metrics."""

from enum import StrEnum
from typing import Literal

from pydantic import PositiveInt, model_validator

from models.settings import Architecture, ModelSettings, RelativePitchTime, Settings
from pipeline.settings.base import NonNegativeInt, Sampling, Share, Splits, Task
from pipeline.settings.run import Run
from pipeline.settings.sources import AnySource


class ImageReader(StrEnum):
    """The layout of raw images."""

    SKLEARN_DIGITS = "sklearn_digits"  # digits.csv.gz inside scikit-learn's wheel


class ImageEncoding(Settings):
    """Images to intensities in raster order."""

    reader: ImageReader
    max_skipped: Share
    splits: Splits


class ImageDataset(Settings):
    """Images with classes."""

    task: Literal[Task.IMAGE]
    source: AnySource
    encoding: ImageEncoding


class ImageDecoding(Settings):
    """Class-conditional samples and completions of the lower half."""

    sampling: Sampling
    samples_per_class: PositiveInt
    completed_images: PositiveInt
    completions_per_image: PositiveInt


class ImageEvaluation(Settings):
    """Bits per dimension."""

    bootstrap_samples: PositiveInt
    bootstrap_seed: NonNegativeInt
    batch_images: PositiveInt


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
