"""Bits per dimension of lossless image codecs.

Whole files count, headers included. Small images are stacked into tall ones: otherwise headers
would cost more than pixels, and networks would look better than they are.
"""

from collections.abc import Callable
from functools import lru_cache

import imagecodecs
import numpy as np

_SMALL = 1024  # dimensions; smaller images, such as digits, share a file
_MAX_HEIGHT = 16383  # of a WebP file


def codec_bits(pixels: np.ndarray) -> dict[str, np.ndarray]:
    """Compute the bits (image,) of `pixels` (image, height, width, channels) for each codec.

    Intensities are stored unscaled in 8 bits, whatever the number of levels. WebP stores grey
    images as RGB. Images that share a file share its bits in proportion to what each takes alone.
    """
    return _codec_bits(pixels.astype(np.uint8).tobytes(), pixels.shape)


@lru_cache(maxsize=1)  # the same images are evaluated with weights of several updates
def _codec_bits(content: bytes, shape: tuple[int, ...]) -> dict[str, np.ndarray]:
    pixels = np.frombuffer(content, np.uint8).reshape(shape)
    count, height, width, channels = shape
    per_file = _MAX_HEIGHT // height if height * width * channels < _SMALL else 1
    files = [pixels[start : start + per_file] for start in range(0, count, per_file)]
    return {
        name: np.concatenate([_bits(encode, images) for images in files])
        for name, encode in _CODECS.items()
    }


def _bits(encode: Callable[[np.ndarray], bytes], images: np.ndarray) -> np.ndarray:
    """Compute the bits (image,) of the images of a file."""
    if len(images) == 1:
        return np.array([8.0 * len(encode(_picture(images)))])
    alone = np.array([len(encode(_picture(image[np.newaxis]))) for image in images])
    return 8 * len(encode(_picture(images))) * alone / alone.sum()


def _picture(images: np.ndarray) -> np.ndarray:
    """Stack images (image, height, width, channels) into a picture (height, width[, 3])."""
    stacked = images.reshape(-1, *images.shape[2:])
    return np.ascontiguousarray(stacked[..., 0] if images.shape[3] == 1 else stacked, np.uint8)


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
