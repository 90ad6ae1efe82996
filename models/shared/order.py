"""In which order a network generates the intensities of an image. Imports no torch."""

from models.settings import (
    Attention,
    ImageLayout,
    Local2D,
    LogisticMixture,
    ModelSettings,
    TransformerSettings,
)


def block_order(attention: Attention, height: int, width: int) -> list[int]:
    """The raster index of each position of an image, in the order of generation.

    Raster order, except for local 2-D attention: block after block, raster order inside each
    (Parmar et al. 2018, section 3.3). The blocks tile the image.
    """
    if not isinstance(attention, Local2D):
        return list(range(height * width))
    return [
        row * width + column
        for block_row in range(0, height, attention.query_rows)
        for block_column in range(0, width, attention.query_columns)
        for row in range(block_row, block_row + attention.query_rows)
        for column in range(block_column, block_column + attention.query_columns)
    ]


def generation_order(settings: ModelSettings, image: ImageLayout) -> list[int]:
    """The raster index of each intensity of an image, in the order in which a network generates.

    Raster order, unless local attention asks for another; the channels of a pixel that is one
    position follow each other.
    """
    if not isinstance(settings, TransformerSettings):
        return list(range(image.height * image.width * image.channels))
    if not isinstance(settings.output, LogisticMixture):
        return block_order(settings.attention, image.height, image.width * image.channels)
    pixels = block_order(settings.attention, image.height, image.width)
    return [
        pixel * image.channels + channel for pixel in pixels for channel in range(image.channels)
    ]


def super_resolution_factor(settings: ModelSettings) -> int | None:
    """The factor between source and target image in each direction, None if there is no source."""
    return settings.super_resolution if isinstance(settings, TransformerSettings) else None
