"""The settings of images: data, training, decoding, evaluation."""

from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import Field, PositiveInt, model_validator

from models.settings import ImageLayout, Settings, Structure, TransformerSettings
from pipeline.settings.base import (
    Method,
    NonNegativeFloat,
    NonNegativeInt,
    Sampling,
    Share,
    Splits,
    Temperature,
)
from pipeline.settings.evaluation import EvaluationSettings
from pipeline.settings.run import Run
from pipeline.settings.sources import AnySource, HubSource
from pipeline.settings.training import Training

Levels = Annotated[int, Field(ge=2, le=256)]


class ImageReader(StrEnum):
    """The layout of raw images."""

    SKLEARN_DIGITS = "sklearn_digits"  # digits.csv.gz inside scikit-learn's wheel
    SKIMAGE_PHOTOGRAPHS = "skimage_photographs"  # pictures inside scikit-image's wheel
    MATE_BACKGROUNDS = "mate_backgrounds"  # pictures inside Debian's package mate-backgrounds
    PARQUET = "parquet"  # <split>.parquet with a column of image files, as on the hub
    FOLDER = "folder"  # image files, with a sub-folder per class


class Resize(StrEnum):
    """How pictures of another size are treated."""

    NONE = "none"  # skipped
    CROP_AND_RESIZE = "crop_and_resize"  # cropped at the centre and reduced; smaller ones skipped


class Layout(Settings):
    """Settings of all kinds of raw images; `splits` are held out of the training images.

    A split that comes with the data is used whole, and its share in `splits` is 0.0.
    """

    max_skipped: Share
    splits: Splits


class DigitsEncoding(Layout):
    """Images of 8x8 pixels with 17 intensities in 10 classes."""

    reader: Literal[ImageReader.SKLEARN_DIGITS]
    classes: Literal[1, 10]  # 1: without labels, in the same splits

    @property
    def size(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return 8, 8, 1


class PatchesLayout(Layout):
    """Square patches of colour photographs, split by tile."""

    photographs: Annotated[list[str], Field(min_length=1)]  # files of the archive's folder
    tile: PositiveInt  # height and width in pixels; all patches of a tile are in one split
    patch: PositiveInt  # height and width in pixels
    levels: Levels

    @model_validator(mode="after")
    def _check_patch(self) -> Self:
        if self.tile % self.patch:
            raise ValueError(
                f"patch = {self.patch} does not divide tile = {self.tile}; choose a divisor"
            )
        return self

    @property
    def size(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.patch, self.patch, 3


class PhotographsEncoding(PatchesLayout):
    """Patches of photographs of skimage/data."""

    reader: Literal[ImageReader.SKIMAGE_PHOTOGRAPHS]


class BackgroundsEncoding(PatchesLayout):
    """Patches of photographs of usr/share/backgrounds/mate, reduced before they are cut."""

    reader: Literal[ImageReader.MATE_BACKGROUNDS]
    reduce: PositiveInt  # pixels, high and wide, that are averaged into one


class PicturesLayout(Layout):
    """Image files, converted to one size and format."""

    height: PositiveInt
    width: PositiveInt
    channels: Literal[1, 3]  # grey or RGB
    levels: Levels
    resize: Resize

    @property
    def size(self) -> tuple[int, int, int]:
        """Height, width and channels of an image."""
        return self.height, self.width, self.channels


class ParquetEncoding(PicturesLayout):
    """Image files in Parquet tables, one per split."""

    reader: Literal[ImageReader.PARQUET]
    image_column: str
    label_column: str | None  # null: all images are of one class
    max_held_out: PositiveInt | None  # first images used of validation and of test; null: all


class FolderEncoding(PicturesLayout):
    """A folder of image files."""

    reader: Literal[ImageReader.FOLDER]


ImageEncoding = Annotated[
    DigitsEncoding | PhotographsEncoding | BackgroundsEncoding | ParquetEncoding | FolderEncoding,
    Field(discriminator="reader"),
]


class ImageDataset(Settings):
    """Images with classes."""

    task: Literal["image"]
    source: AnySource
    encoding: ImageEncoding

    @property
    def layout(self) -> ImageLayout:
        """The layout of its sequences."""
        height, width, channels = self.encoding.size
        return ImageLayout(height=height, width=width, channels=channels)

    @model_validator(mode="after")
    def _check_splits(self) -> "ImageDataset":
        splits = self.source.splits if isinstance(self.source, HubSource) else {}
        for split in ("validation", "test"):
            share = getattr(self.encoding.splits, split)
            if split in splits and share > 0.0:
                raise ValueError(
                    f"encoding.splits.{split} = {share}, but source.splits.{split} = "
                    f"{splits[split]} comes with the data; use 0.0"
                )
        return self


class Augmentation(Settings):
    """Random augmentation of training images, different in every step."""

    flip: Share  # probability of a horizontal flip
    crop: NonNegativeInt  # largest shift in each direction, in pixels
    rotation: Annotated[float, Field(ge=0.0, le=180.0)]  # largest angle in degrees
    hue: Annotated[float, Field(ge=0.0, le=0.5)]  # largest rotation of the hue, in turns
    noise: NonNegativeFloat  # standard deviation, in intensities


class ImageTraining(Training):
    """The training of a run on images."""

    augmentation: Augmentation | None  # null: none


class ImageDecoding(Settings):
    """Class-conditional samples, and completions: lower halves or enlarged images."""

    sampling: Sampling
    method: Method
    samples_per_class: PositiveInt | None  # null: super-resolution
    completed_images: PositiveInt
    completions_per_image: PositiveInt  # at each temperature
    completion_temperatures: Annotated[list[Temperature], Field(min_length=1)]


class ImageEvaluation(EvaluationSettings):
    """Bits per dimension."""

    batch_images: PositiveInt


class ImageRun(Run):
    """A run on images."""

    task: Literal["image"]
    training: ImageTraining
    decoding: ImageDecoding
    evaluation: ImageEvaluation

    @model_validator(mode="after")
    def _check_task(self) -> "ImageRun":
        self._expect_whole_sequences()
        self._check_source()
        return self

    def _check_source(self) -> None:
        """Check that the run has an encoder if and only if it is for super-resolution."""
        samples = self.decoding.samples_per_class
        if self.model.structure is not Structure.ENCODER_DECODER:
            if samples is None:
                raise ValueError(
                    "decoding.samples_per_class = null is for super-resolution, but "
                    f"model.structure = {self.model.structure}; give a number"
                )
            return
        if not isinstance(self.model, TransformerSettings):
            raise ValueError(
                f"model.architecture = {self.model.architecture} does not enlarge images; use "
                "transformer, or structure = decoder"
            )
        factor = self.model.super_resolution
        if factor is None:
            raise ValueError(
                f"model.structure = {self.model.structure} enlarges images, but "
                "model.super_resolution = null; give the factor between source and target"
            )
        if samples is not None:
            raise ValueError(
                f"decoding.samples_per_class = {samples}, but model.super_resolution = {factor}: "
                "every image has a source; use null"
            )
