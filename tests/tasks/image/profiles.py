"""Profiles of colours (ICC.1:2001-04), written byte by byte."""

import struct

SRGB_PRIMARIES = {  # XYZ of D50; of IEC 61966-2-1
    b"rXYZ": (0.43607, 0.22249, 0.01392),
    b"gXYZ": (0.38515, 0.71687, 0.09708),
    b"bXYZ": (0.14307, 0.06061, 0.71410),
}
_WHITE = (0.9642, 1.0, 0.8249)  # D50


def colour_profile(gamma: float, primaries=SRGB_PRIMARIES, padding: int = 0) -> bytes:
    """A profile of RGB: intensity ** gamma is the light of a primary."""
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), _curve(gamma))
    colours = {name: _xyz(xyz) for name, xyz in primaries.items()}
    return _profile(b"RGB ", curves | colours | {b"more": bytes(padding)})


def grey_profile(gamma: float) -> bytes:
    """A profile of grey: intensity ** gamma is the light."""
    return _profile(b"GRAY", {b"kTRC": _curve(gamma)})


def _profile(space: bytes, tags: dict[bytes, bytes]) -> bytes:
    tags = {b"wtpt": _xyz(_WHITE)} | {name: content for name, content in tags.items() if content}
    start = 128 + 4 + 12 * len(tags)
    table, body = struct.pack(">I", len(tags)), b""
    for name, content in tags.items():
        table += struct.pack(">4sII", name, start + len(body), len(content))
        body += content
    header = struct.pack(">II4s4s4s", start + len(body), 0, b"\x02\x40", b"mntr", space)
    header = (header + b"XYZ ").ljust(36, b"\0") + b"acsp"
    header = header.ljust(68, b"\0") + _numbers(_WHITE)
    return header.ljust(128, b"\0") + table + body


def _curve(gamma: float) -> bytes:
    return b"curv" + struct.pack(">IIHxx", 0, 1, round(gamma * 256))


def _xyz(values: tuple[float, ...]) -> bytes:
    return b"XYZ " + bytes(4) + _numbers(values)


def _numbers(values: tuple[float, ...]) -> bytes:
    return struct.pack(f">{len(values)}i", *(round(value * 65536) for value in values))
