"""What the picture of a shared link is drawn with: the colours of the page, and Pillow's own font.

The font is part of Pillow, so that the picture is the same on every machine; it has the letters of
ASCII and few others.
"""

import re

from PIL import ImageFont

from pipeline.reporting.inline import STYLE

PANEL = (336, 250)  # width and height of what a task shows, in pixels


def colours() -> dict[str, str]:
    """Return the colours of the page's light scheme by name."""
    first = STYLE.read_text(encoding="utf-8").partition("}")[0]
    return dict(re.findall(r"--([\w-]+): (#\w{6});", first))


def font(size: float) -> ImageFont.FreeTypeFont:
    """Return the font in `size` pixels."""
    return ImageFont.load_default(size)


def has_glyphs(text: str) -> bool:
    """Whether the font has every character of `text`."""
    any_size = font(16)
    missing = bytes(any_size.getmask("\uffff"))
    return all(bytes(any_size.getmask(each)) != missing for each in text)
