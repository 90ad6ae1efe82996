"""Bits per dimension of lossless image files: what engineers' models of images achieve.

Whole files count, headers included. Small images are stacked into tall ones, because the header of
a file would cost more than their pixels, which would flatter a network.
"""

from collections.abc import Callable, Iterator

import imagecodecs
import numpy as np

_SMALL = 1024  # dimensions; a 32x32 image of three channels is a file of its own, a digit is not
_MAX_HEIGHT = 16383  # of a WebP file


def codec_bits(pixels: np.ndarray) -> dict[str, float]:
    """Bits per dimension of `pixels` (image, height, width, channels) as PNG, WebP and JPEG XL.

    Intensities are stored as they are, in 8 bits, whatever the number of levels: 17 levels leave
    the upper ones unused. WebP stores grey images as colour; the dimensions counted stay theirs.
    """
    files = [np.ascontiguousarray(picture, np.uint8) for picture in _pictures(pixels)]
    return {
        name: 8 * sum(len(encode(picture)) for picture in files) / pixels.size
        for name, encode in _CODECS.items()
    }


def _pictures(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """The pictures (height, width[, 3]) that become files."""
    count, height, width, channels = pixels.shape
    together = _MAX_HEIGHT // height if height * width * channels < _SMALL else 1
    for start in range(0, count, together):
        stacked = pixels[start : start + together].reshape(-1, width, channels)
        yield stacked[..., 0] if channels == 1 else stacked


def _png(picture: np.ndarray) -> bytes:
    return imagecodecs.png_encode(picture, level=9, strategy=imagecodecs.PNG.STRATEGY.FILTERED)


def _webp(picture: np.ndarray) -> bytes:
    colour = picture if picture.ndim == 3 else picture[..., None].repeat(3, axis=-1)
    return imagecodecs.webp_encode(colour, level=9, lossless=True)


def _jpeg_xl(picture: np.ndarray) -> bytes:
    return imagecodecs.jpegxl_encode(picture, lossless=True, effort=7, numthreads=1)


_CODECS: dict[str, Callable[[np.ndarray], bytes]] = {
    "png": _png,
    "webp": _webp,
    "jpeg_xl": _jpeg_xl,
}
