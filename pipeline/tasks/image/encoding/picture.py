"""An image file as intensities: converted where the meaning is clear, else refused with a reason.

EXIF orientation is applied; palettes, CMYK, 16 bits, grey and colour are brought to 8 bits and to
the channels that are asked for; an alpha channel that hides nothing is dropped.
"""

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.tasks.image.settings import PicturesLayout, Resize

# No format that starts other programs (EPS) or whose meaning is a matter of taste.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_MAX_PIXELS = 1 << 26  # more is a decompression bomb, or no picture for this pipeline
MAX_FILE_BYTES = 4 * _MAX_PIXELS  # a file that is not packed has 3 or 4 for each
_CLEAR = {"1", "L", "P", "RGB", "CMYK", "YCbCr"}  # modes that Pillow converts as everybody would
_WITH_ALPHA = {"LA", "PA", "RGBA"}
_WITH_TRANSPARENT_COLOURS = {"1", "L", "P", "RGB"}
_BITS_PER_SAMPLE, _PHOTOMETRIC_INTERPRETATION = 258, 262  # tags of TIFF


class PictureError(ValueError):
    """Why a file is not used."""


def read_picture(content: bytes, channels: int) -> Image.Image:
    """Return the picture of a file in mode L (1 channel) or RGB (3 channels).

    Raises PictureError with the reason if it is none, damaged, or without a clear meaning. Of a
    file without a known size read MAX_FILE_BYTES + 1 bytes: that is too many, and refused.
    """
    if len(content) > MAX_FILE_BYTES:
        raise PictureError(f"a file of more than {MAX_FILE_BYTES:,} bytes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of bombs, which are refused, and of odd metadata
            image = Image.open(io.BytesIO(content), formats=_FORMATS)
            if image.width * image.height > _MAX_PIXELS:
                raise Image.DecompressionBombError
            if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
                raise PictureError("several pictures in one file")
            image.load()
            upright = ImageOps.exif_transpose(image)
    except PictureError:
        raise
    except Image.DecompressionBombError:
        raise PictureError(f"more than {_MAX_PIXELS:,} pixels") from None
    except UnidentifiedImageError:
        raise PictureError("not an image of a known format") from None
    except Exception:  # Pillow's decoders raise many kinds on damaged files
        raise PictureError("truncated or damaged") from None
    if image.format == "PPM" and upright.mode == "I":  # 16 bits, which Pillow scales to 65,535
        upright = Image.fromarray(np.asarray(upright).astype(np.uint16))
    if image.format == "TIFF" and upright.mode.startswith("I;16"):
        upright = Image.fromarray(_sixteen_bits(np.asarray(upright), image.tag_v2))
    return _eight_bits(upright).convert("L" if channels == 1 else "RGB")


def fit(image: Image.Image, layout: PicturesLayout) -> np.ndarray:
    """Return intensities (height, width, channels); PictureError if the picture has another size.

    `layout.resize` says whether its middle is made smaller; enlarged it would be smoother than any
    photograph, and its likelihood would flatter.
    """
    size = layout.width, layout.height
    if image.size != size:
        if layout.resize is Resize.NONE:
            raise PictureError(f"not {layout.height} pixels high and {layout.width} wide")
        if image.width < layout.width or image.height < layout.height:
            raise PictureError(f"less than {layout.height} pixels high or {layout.width} wide")
        image = ImageOps.fit(image, size, Image.Resampling.BOX)
    pixels = np.asarray(image).reshape(layout.height, layout.width, layout.channels)
    return quantised(pixels, layout.levels)


def quantised(pixels: np.ndarray, levels: int) -> np.ndarray:
    """Return intensities 0 .. levels - 1 of `pixels` 0..255, each for an equal share of them."""
    return (pixels.astype(np.uint16) * levels // 256).astype(np.uint8)


def _sixteen_bits(stored: np.ndarray, tags: Mapping[int, Any]) -> np.ndarray:
    """Black to white as 0 .. 65535 of a TIFF of 12 or 16 bits, which Pillow leaves as stored."""
    most = 2 ** tags[_BITS_PER_SAMPLE][0] - 1
    deep = np.rint(stored * (65535 / most)).astype(np.uint16)
    return 65535 - deep if tags.get(_PHOTOMETRIC_INTERPRETATION) == 0 else deep


def _eight_bits(image: Image.Image) -> Image.Image:
    see_through = image.info.get("transparency")  # a colour, or the alpha of each of a palette
    if image.mode.startswith("I;16"):
        deep = np.asarray(image)
        if see_through is not None and (deep == see_through).any():
            raise PictureError("partly transparent")
        return Image.fromarray(np.rint(deep / 257).astype(np.uint8))
    if see_through is not None and image.mode in _WITH_TRANSPARENT_COLOURS:
        image = image.convert("RGBA")
    if image.mode in _WITH_ALPHA:
        if image.getchannel("A").getextrema()[0] < 255:
            raise PictureError("partly transparent")
        return image.convert("RGB")
    if image.mode not in _CLEAR:
        raise PictureError(f"intensities of mode {image.mode}, whose range is unknown")
    return image
