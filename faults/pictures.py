"""Pictures: broken ones, and those of other programs, with their profiles and suffixes."""

from pathlib import Path
from random import Random

import imagecodecs
import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from faults.damage import damaged
from faults.kinds import Found, named
from pipeline.encoding.folders import visible_below
from pipeline.encoding.records import Skipped
from pipeline.tasks.image.encoding.folder import read_folder
from tests.tasks.image.pictures import file_of, folder_encoding, noise
from tests.tasks.image.profiles import SRGB_PRIMARIES, colour_profile, grey_profile

_FORMS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "PPM")
_MODES = {  # that a format stores
    "PNG": ("1", "L", "P", "RGB", "RGBA", "LA", "I;16"),
    "JPEG": ("L", "RGB", "CMYK"),
    "WEBP": ("RGB", "RGBA"),
    "TIFF": ("1", "L", "P", "RGB", "RGBA", "CMYK", "I;16"),
}
_SUFFIXES = ("", ".png", ".jpg", ".tiff", ".txt", ".mid", ".PNG")


def pictures(raw: Path, random: Random, broken: int) -> None:
    """A folder of images with broken bytes."""

    def picture() -> bytes:
        return file_of(noise(seed=random.randrange(1000)), random.choice(_FORMS))

    for name, content in named(broken, random, picture):
        (raw / name).write_bytes(content)


def odd_pictures(raw: Path, random: Random, broken: int) -> None:
    """A folder of images of other programs, every second of them broken too, with any suffix."""

    def mutate(_: bytes, random: Random) -> bytes:
        content = odd_picture(random)
        return damaged(content, random) if random.random() < 0.5 else content

    for name, content in named(broken, random, lambda: file_of(noise()), mutate):
        (raw / f"{name}{random.choice(_SUFFIXES)}").write_bytes(content)


def odd_picture(random: Random) -> bytes:
    """A picture with some of a profile, a gamma, 16 bits, transparency, a turn, and long texts."""
    if random.random() < 0.2:
        channels = random.choice((1, 2, 3, 4))
        deep = np.random.default_rng(random.randrange(1000)).integers(0, 65536, (32, 32, channels))
        deep[..., 3:] = random.choice((65535, 65535, 65534))
        return imagecodecs.png_encode(np.squeeze(deep.astype(np.uint16)))
    form = random.choice(list(_MODES))
    mode = random.choice(_MODES[form])
    image = Image.fromarray(noise(seed=random.randrange(1000)))
    if mode == "I;16":
        image = Image.fromarray(np.asarray(image.convert("L")) * np.uint16(257))
    else:
        image = image.convert(mode)
    options: dict[str, object] = {}
    if random.random() < 0.5:
        options["icc_profile"] = _profile(random)
    if form == "PNG" and random.random() < 0.3:
        info = PngInfo()
        info.add(b"gAMA", random.randrange(1 << 32).to_bytes(4))
        info.add_text("comment", "x" * random.choice((1, 3 << 20)), zip=True)
        options["pnginfo"] = info
    if form == "PNG" and mode in ("1", "L", "RGB", "P", "I;16") and random.random() < 0.4:
        level = random.randrange(256)
        options["transparency"] = (level, level, level) if mode == "RGB" else level
    if random.random() < 0.3:
        exif = Image.Exif()
        exif[0x0112] = random.randrange(12)  # turned; 1 to 8 are defined
        options["exif"] = exif
    return file_of(image, form, **options)


def _profile(random: Random) -> bytes:
    red, green, blue = SRGB_PRIMARIES
    swapped = {red: SRGB_PRIMARIES[green], green: SRGB_PRIMARIES[red], blue: SRGB_PRIMARIES[blue]}
    profile = random.choice(
        (
            colour_profile(random.choice((0.01, 1.0, 2.2, 100.0))),
            colour_profile(2.2, swapped),
            grey_profile(1.8),
            b"no profile",
        )
    )
    return damaged(profile, random) if random.random() < 0.4 else profile


def read_pictures(raw: Path) -> Found:
    names = [path.stem for path in visible_below(raw)]
    (records,) = read_folder(raw, folder_encoding()).splits.values()
    return {
        each.record.partition(".")[0] if isinstance(each, Skipped) else names[each.cluster]: (
            each.reason if isinstance(each, Skipped) else None
        )
        for each in records
    }
