"""An image file as intensities: converted if it is unambiguous, else refused with the reason.

EXIF orientation is applied; palettes, CMYK, 16 bits, grey and colour are converted to 8 bits of
sRGB and to the channels that are asked for; an alpha channel that is opaque everywhere is dropped.
"""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
from PIL import Image, ImageOps, PngImagePlugin, UnidentifiedImageError

from pipeline.encoding.records import RecordError
from pipeline.tasks.image.encoding.colours import to_srgb
from pipeline.tasks.image.encoding.deep import OPAQUE, deep_colours, is_deep, nearest
from pipeline.tasks.image.settings import PicturesLayout, Resize

# No format that starts other programs (EPS), none that has to be rendered.
_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_MAX_PIXELS = 1 << 26  # more is a decompression bomb, or no picture for this pipeline
MAX_FILE_BYTES = 4 * _MAX_PIXELS  # an uncompressed file has 3 or 4 for each
_MAX_METADATA_BYTES = 1 << 26  # unpacked: texts, and a profile of the colours
_CLEAR = {"1", "L", "P", "RGB", "CMYK", "YCbCr"}  # modes that Pillow converts unambiguously
_WITH_ALPHA = {"LA", "PA", "RGBA"}
_WITH_TRANSPARENT_COLOURS = {"1", "L", "P", "RGB"}
_BITS_PER_SAMPLE, _PHOTOMETRIC_INTERPRETATION = 258, 262  # tags of TIFF
_BIT_DEPTH = 24  # where a PNG has it
_PREFIX = 16  # bytes by which formats are told apart
_SHOWN = 100  # characters of what Pillow says
_PARTLY_TRANSPARENT = "partly transparent"


class PictureError(RecordError):
    """Why a picture is not used."""


def read_picture(content: bytes, channels: int) -> Image.Image:
    """Return the picture of a file in sRGB, in mode L (1 channel) or RGB (3 channels).

    PictureError says why it is none: no image, damaged, or ambiguous. Of a file of unknown size
    pass the first MAX_FILE_BYTES + 1 bytes: so many are refused.
    """
    if len(content) > MAX_FILE_BYTES:
        raise PictureError(f"a file of more than {MAX_FILE_BYTES:,} bytes")
    with _reasons(content), _large_metadata():
        image = _opened(content)
        deep = is_deep(image)
        image.load()
        stored = _eight_of_deep(image, content) if deep else image
        upright = ImageOps.exif_transpose(stored)
    if image.format == "JPEG" and image.mode == "CMYK" and "adobe" not in image.info:
        raise PictureError("CMYK without Adobe's marker, which tells ink from its absence")
    if image.format == "PPM" and upright.mode == "I":  # 16 bits, which Pillow scales to 65,535
        upright = Image.fromarray(np.asarray(upright).astype(np.uint16))
    if image.format == "TIFF" and upright.mode.startswith("I;16"):
        upright = Image.fromarray(_sixteen_bits(np.asarray(upright), image.tag_v2))
    transparent = None if deep else _transparent(image, content)
    eight = to_srgb(_eight_bits(upright, transparent), image.info)
    return eight.convert("L" if channels == 1 else "RGB")


def stored_mode(content: bytes) -> str:
    """Return Pillow's name of how the pixels of a file are stored; PictureError as read_picture."""
    with _reasons(content), _large_metadata():
        return _opened(content).mode


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


def _eight_bits(image: Image.Image, transparent: Any) -> Image.Image:
    """Return a picture with 8 bits a channel; PictureError if the colour `transparent` is in it."""
    if image.mode.startswith("I;16"):
        deep = np.asarray(image)
        if transparent is not None and (deep == transparent).any():
            raise PictureError(_PARTLY_TRANSPARENT)
        return Image.fromarray(nearest(deep))
    if transparent is not None and image.mode in _WITH_TRANSPARENT_COLOURS:
        image.info["transparency"] = transparent
        image = image.convert("RGBA")
    if image.mode in _WITH_ALPHA:
        if image.getchannel("A").getextrema()[0] < 255:
            raise PictureError(_PARTLY_TRANSPARENT)
        return image.convert("RGB")
    if image.mode not in _CLEAR:
        raise PictureError(f"intensities of mode {image.mode}, whose range is unknown")
    return image


def _eight_of_deep(image: Image.Image, content: bytes) -> Image.Image:
    """Return a picture of 16 bits a channel with 8; PictureError if some of it is transparent."""
    deep = deep_colours(image, _opened(content))
    transparent = image.info.get("transparency")
    if transparent is not None and (deep == transparent).all(axis=-1).any():
        raise PictureError(_PARTLY_TRANSPARENT)
    if image.mode == "RGBA" and deep[..., 3].min() < OPAQUE:
        raise PictureError(_PARTLY_TRANSPARENT)
    planes = map(Image.fromarray, np.moveaxis(nearest(deep), 2, 0))
    eight = Image.merge(image.mode, list(planes))
    eight.info = image.info  # its orientation
    return eight


def _transparent(image: Image.Image, content: bytes) -> Any:
    """Return the transparent colour of a picture, or the alpha of each of its palette, or None.

    Of grey with 1 to 8 bits a PNG stores a level, which Pillow does not scale as it does pixels; of
    the two bytes of an intensity only as many bits count as a channel has.
    """
    transparent = image.info.get("transparency")
    if image.format != "PNG" or image.mode not in ("L", "RGB") or transparent is None:
        return transparent
    most = 2 ** content[_BIT_DEPTH] - 1
    if image.mode == "RGB":
        return tuple(level & most for level in transparent)
    return (transparent & most) * 255 // most


def _opened(content: bytes) -> Image.Image:
    """Open a file, without its pixels; PictureError if it holds too many, or several pictures."""
    image = Image.open(io.BytesIO(content), formats=_FORMATS)
    if image.width * image.height > _MAX_PIXELS:
        raise Image.DecompressionBombError
    if image.format != "MPO" and getattr(image, "n_frames", 1) > 1:
        raise PictureError("several pictures in one file")
    return image


@contextmanager
def _reasons(content: bytes) -> Iterator[None]:
    """Raise PictureError with what Pillow says of a file that it cannot read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of bombs, which are refused, and of odd metadata
        try:
            yield
        except (PictureError, MemoryError):
            raise
        except Image.DecompressionBombError:
            raise PictureError(f"more than {_MAX_PIXELS:,} pixels") from None
        except UnidentifiedImageError:
            raise PictureError(_why_unidentified(content)) from None
        except Exception as error:  # Pillow's decoders raise many kinds on damaged files
            raise PictureError(f"truncated or damaged: {_said(error)}") from None


def _why_unidentified(content: bytes) -> str:
    """Return what the reader of the format says, if the first bytes are of a known one."""
    for name in _FORMATS:
        read, accept = Image.OPEN[name]
        if accept(content[:_PREFIX]):
            try:
                read(io.BytesIO(content), "")
            except Exception as error:
                return f"a {name} that cannot be read: {_said(error)}"
    return "not an image of a known format"


def _said(error: Exception) -> str:
    return " ".join(str(error).split())[:_SHOWN] or type(error).__name__


@contextmanager
def _large_metadata() -> Iterator[None]:
    """Let Pillow unpack more than a megabyte of a PNG's texts and of its profile."""
    limits = PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = _MAX_METADATA_BYTES
    try:
        yield
    finally:
        PngImagePlugin.MAX_TEXT_CHUNK, PngImagePlugin.MAX_TEXT_MEMORY = limits
