"""Bits per dimension of lossless image codecs.

Whole files count, headers included. Small images are stacked into tall ones: otherwise headers
would cost more than pixels, and networks would look better than they are.
"""

from collections.abc import Callable, Iterator

import imagecodecs
import numpy as np

_SMALL = 1024  # dimensions; smaller images, such as digits, share a file
_MAX_HEIGHT = 16383  # of a WebP file


def codec_bits(pixels: np.ndarray) -> dict[str, float]:
    """Compute bits per dimension of `pixels` (image, height, width, channels) for each codec.

    Intensities are stored unscaled in 8 bits, whatever the number of levels. WebP stores grey
    images as RGB; their dimensions are counted once.
    """
    files = [np.ascontiguousarray(picture, np.uint8) for picture in _pictures(pixels)]
    return {
        name: 8 * sum(len(encode(picture)) for picture in files) / pixels.size
        for name, encode in _CODECS.items()
    }


def _pictures(pixels: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the picture (height, width[, 3]) of each file."""
    count, height, width, channels = pixels.shape
    per_file = _MAX_HEIGHT // height if height * width * channels < _SMALL else 1
    for start in range(0, count, per_file):
        stacked = pixels[start : start + per_file].reshape(-1, width, channels)
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
