"""An image file as intensities: converted if it is unambiguous, else refused with the reason.

EXIF orientation is applied; palettes, CMYK, 16 bits, grey and colour are converted to 8 bits and to
the channels that are asked for; an alpha channel that is opaque everywhere is dropped.
"""

import io
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from pipeline.encoding.records import RecordError
from pipeline.tasks.image.settings import PicturesLayout, Resize

# No format that starts other programs (EPS), none that has to be rendered.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_MAX_PIXELS = 1 << 26  # more is a decompression bomb, or no picture for this pipeline
MAX_FILE_BYTES = 4 * _MAX_PIXELS  # an uncompressed file has 3 or 4 for each
_CLEAR = {"1", "L", "P", "RGB", "CMYK", "YCbCr"}  # modes that Pillow converts unambiguously
_WITH_ALPHA = {"LA", "PA", "RGBA"}
_WITH_TRANSPARENT_COLOURS = {"1", "L", "P", "RGB"}
_BITS_PER_SAMPLE, _PHOTOMETRIC_INTERPRETATION = 258, 262  # tags of TIFF


class PictureError(RecordError):
    """Why a picture is not used."""


def read_picture(content: bytes, channels: int) -> Image.Image:
    """Return the picture of a file in mode L (1 channel) or RGB (3 channels).

    PictureError says why it is none: no image, damaged, or ambiguous. Of a file of unknown size
    pass the first MAX_FILE_BYTES + 1 bytes: so many are refused.
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

    With `layout.resize` a larger one is cropped at its centre and averaged. A smaller one is never
    enlarged: it would be smoother than any photograph, which would flatter the likelihood.
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
    """Quantise `pixels` 0..255 uniformly to intensities 0 .. levels - 1."""
    return (pixels.astype(np.uint16) * levels // 256).astype(np.uint8)


def _sixteen_bits(stored: np.ndarray, tags: Mapping[int, Any]) -> np.ndarray:
    """Return 0 (black) .. 65535 (white) of a TIFF of 12 or 16 bits, which Pillow does not scale."""
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
