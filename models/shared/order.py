"""Generation order of the intensities of an image. Imports no torch."""

from models.settings import (
    Attention,
    ImageLayout,
    Local2D,
    LogisticMixture,
    ModelSettings,
    TransformerSettings,
)


def block_order(attention: Attention, height: int, width: int) -> list[int]:
    """Return the raster index of each position of an image, in generation order.

    Raster order, or for local 2-D attention block by block with raster order inside each block
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
    """Return the raster index of each intensity of an image, in generation order.

    Raster order, or block by block for local 2-D attention; if a pixel is one position, its
    channels are consecutive.
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
    """Return target size / source size per axis, None without a source image."""
    return settings.super_resolution if isinstance(settings, TransformerSettings) else None
