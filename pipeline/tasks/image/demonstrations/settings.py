"""The settings of demonstrations, figures of the lecture that need no training."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from models.settings import KernelSize, PositiveFloat, Settings
from pipeline.settings.base import Name, NonNegativeInt, Seed


class DenoisingTests(Settings):
    """Crops of photographs on which non-local means is tested."""

    photographs: Annotated[list[str], Field(min_length=1)]  # files of skimage/data
    crops: PositiveInt  # of each photograph
    size: PositiveInt  # height and width in pixels
    draws: PositiveInt  # of noise, for each crop


class Denoising(Settings):
    """A crop of a photograph with Gaussian noise, denoised by non-local means."""

    photograph: str  # a file of skimage/data
    top: NonNegativeInt  # pixels above the crop
    left: NonNegativeInt  # pixels to its left
    size: PositiveInt  # height and width in pixels
    noise: PositiveFloat  # standard deviation, in intensities 0..255
    patch: KernelSize  # height and width in pixels
    bandwidth: PositiveFloat  # h of the kernel, in intensities
    tests: DenoisingTests


class Texture(Settings):
    """A texture synthesised from a crop of a photograph (Efros and Leung 1999)."""

    photograph: str
    top: NonNegativeInt
    left: NonNegativeInt
    sample: PositiveInt  # height and width of the crop in pixels
    size: PositiveInt  # height and width of the texture in pixels
    neighbourhood: KernelSize  # height and width in pixels


class SelfSimilarity(Settings):
    """Self-similarity of images: non-local means and texture synthesis."""

    task: Literal["image"]
    kind: Literal["self_similarity"]
    dataset: Name  # of photographs
    seed: Seed  # of noise and texture
    denoising: Denoising
    texture: Texture


class Equivariance(Settings):
    """Translation equivariance of untrained networks, on a crop of a photograph."""

    task: Literal["image"]
    kind: Literal["equivariance"]
    dataset: Name  # of photographs
    seed: Seed  # of the weights
    photograph: str
    top: NonNegativeInt
    left: NonNegativeInt
    size: PositiveInt  # height and width of the crop in pixels
    shifts: Annotated[list[PositiveInt], Field(min_length=1)]  # down and to the right, in pixels
