"""What the lecture shows on a photograph without training, as params.yaml has it."""

from typing import Annotated, Literal

from pydantic import Field, PositiveInt

from models.settings import KernelSize, PositiveFloat, Settings
from pipeline.settings.base import Name, NonNegativeInt, Seed


class Denoising(Settings):
    """A piece of a photograph with Gaussian noise, denoised by non-local means."""

    photograph: str  # a file of skimage/data
    top: NonNegativeInt  # pixels above the piece
    left: NonNegativeInt  # pixels on its left
    size: PositiveInt  # pixels, high and wide
    noise: PositiveFloat  # standard deviation, in intensities 0..255
    patch: KernelSize  # pixels, high and wide
    bandwidth: PositiveFloat  # h of the kernel, in intensities


class Texture(Settings):
    """A piece of a photograph, grown by the method of Efros and Leung."""

    photograph: str
    top: NonNegativeInt
    left: NonNegativeInt
    sample: PositiveInt  # pixels of the piece, high and wide
    size: PositiveInt  # pixels of the texture, high and wide
    neighbourhood: KernelSize  # pixels, high and wide


class SelfSimilarity(Settings):
    """Images repeat themselves: what non-local means and texture synthesis make of it."""

    task: Literal["image"]
    kind: Literal["self_similarity"]
    dataset: Name  # that has the photographs
    seed: Seed  # of noise and texture
    denoising: Denoising
    texture: Texture


class Equivariance(Settings):
    """A piece of a photograph is moved: which networks do the same with it as before?"""

    task: Literal["image"]
    kind: Literal["equivariance"]
    dataset: Name  # that has the photographs
    seed: Seed  # of the weights
    photograph: str
    top: NonNegativeInt
    left: NonNegativeInt
    size: PositiveInt  # pixels of the piece, high and wide
    shifts: Annotated[list[PositiveInt], Field(min_length=1)]  # pixels, down and to the right
