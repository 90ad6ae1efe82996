"""Colours of 16 bits a channel, of which Pillow unpacks the higher byte alone."""

import sys
from typing import Any

import numpy as np
from PIL import Image

OPAQUE = 65535  # the alpha of what hides all behind it
# Whoever unpacks in the other order of bytes gets the lower one.
_SWAPPED = {
    ";16B": ";16L",
    ";16L": ";16B",
    ";16N": ";16B" if sys.byteorder == "little" else ";16L",
}
# Grey and alpha have no other order; unpacked as four channels of 8 bits, each has both its bytes.
_GREY_AND_ALPHA, _FOUR_BYTES = "LA;16B", "RGBA"
_LOWER_OF_GREY_AND_ALPHA = [1, 1, 1, 3]  # for red, green, blue and alpha


def is_deep(image: Image.Image) -> bool:
    """Whether a picture that is not loaded yet has colours of 16 bits."""
    layouts = [_layout(tile.args) for tile in image.tile]
    is_grey = image.mode.startswith("I")  # whose 16 bits Pillow keeps
    return (
        not is_grey
        and layouts != []
        and all(layout.endswith(tuple(_SWAPPED)) for layout in layouts)
    )


def deep_colours(high: Image.Image, image: Image.Image) -> np.ndarray:
    """Return the colours 0..65535, uint16 (height, width, channel), of a picture.

    `high` is the picture as Pillow loads it, and `image` the same file, not loaded yet.
    """
    has_grey = any(_layout(tile.args) == _GREY_AND_ALPHA for tile in image.tile)
    image.tile = [tile._replace(args=_swapped(tile.args)) for tile in image.tile]
    low = np.asarray(image)
    if has_grey:
        low = low[..., _LOWER_OF_GREY_AND_ALPHA]
    return np.asarray(high).astype(np.uint16) << 8 | low


def nearest(deep: np.ndarray) -> np.ndarray:
    """Return the nearest of 8 bits to intensities 0..65535."""
    return np.rint(deep / 257).astype(np.uint8)


def _layout(args: Any) -> str:
    """Return the raw mode among the arguments of a decoder, in which it stands first or alone."""
    first = args[0] if isinstance(args, tuple) and args else args
    return first if isinstance(first, str) else ""


def _swapped(args: Any) -> Any:
    layout = _layout(args)
    order = layout[-4:]
    other = _FOUR_BYTES if layout == _GREY_AND_ALPHA else layout[:-4] + _SWAPPED[order]
    return (other, *args[1:]) if isinstance(args, tuple) else other
