"""The colours of a picture in sRGB, whatever its file says that its numbers mean."""

import io
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image, ImageCms

_SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
_ROUNDING = 2  # of 255: the profiles that are called sRGB differ from each other by so much
_CHANNELS = {"L": 1, "RGB": 3, "CMYK": 4}  # of the modes whose numbers a profile explains
_SRGB_GAMMA = 0.45455  # that PNG stores for sRGB; others are of pictures in another light
_CLOSE_GAMMA = 0.05  # relative: 1 / 2.2 and sRGB's curve look alike


def to_srgb(image: Image.Image, info: Mapping[str, Any]) -> Image.Image:
    """Convert a picture to sRGB, by the profile or the gamma of its file.

    A profile that cannot be read, or is one of other colours than the picture has, is ignored, as
    in a browser. A picture that is in sRGB stays as it is, to the bit.
    """
    profile, gamma = info.get("icc_profile"), info.get("gamma")
    if not profile and (not gamma or "srgb" in info or _is_close(gamma)):
        return image
    if image.mode not in _CHANNELS:
        image = image.convert("RGB")
    if not profile:
        return image.point(_curve(gamma) * len(image.getbands()))
    transform = _transform(profile, image.mode)
    return image if transform is None else ImageCms.applyTransform(image, transform)


@lru_cache(maxsize=8)
def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform of a profile to sRGB; None if it changes nothing or cannot be had."""
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        # Optimised, curves of grey become tables of few steps: 9 of 255 wrong in linear light.
        flags = ImageCms.Flags.NOOPTIMIZE if mode == "L" else ImageCms.Flags.NONE
        transform = ImageCms.buildTransform(source, _SRGB, mode, "RGB", flags=flags)
    except (ImageCms.PyCMSError, OSError):
        return None
    return None if mode != "CMYK" and _keeps_colours(transform, mode) else transform


def _keeps_colours(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    """Whether a transform moves no colour of a cube by more than what is rounded."""
    steps = np.arange(0, 256, 17, dtype=np.uint8)
    cube = np.stack(np.meshgrid(*[steps] * _CHANNELS[mode]), axis=-1).reshape(
        1, -1, _CHANNELS[mode]
    )
    before = Image.fromarray(cube.squeeze(axis=-1) if mode == "L" else cube)
    after = np.asarray(ImageCms.applyTransform(before, transform)).astype(int)
    return bool(np.abs(after - np.asarray(before.convert("RGB"))).max() <= _ROUNDING)


def _is_close(gamma: float) -> bool:
    return abs(gamma / _SRGB_GAMMA - 1) < _CLOSE_GAMMA


def _curve(gamma: float) -> list[int]:
    """Return the intensity in sRGB (IEC 61966-2-1) of each that was stored as light ** gamma."""
    light = (np.arange(256) / 255) ** (1 / gamma)
    curved = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * curved).astype(int).tolist()
