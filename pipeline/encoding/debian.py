"""Debian packages: an `ar` archive (man 5 deb) whose member `data.tar.*` holds the files."""

import io
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path

from pipeline.encoding.archives import DAMAGED, damaged

_MAGIC = b"!<arch>\n"
_HEADER = re.compile(rb"(.{16}).{32}(\d+) *`\n", re.DOTALL)  # name; date, owner, mode; size
_HEADER_BYTES = 60
_DATA = b"data.tar"


def read_deb(path: Path, limit: int) -> Iterator[tuple[str, bytes]]:
    """Yield name and content of each file of a package, such as "usr/share/a.jpg".

    They come in the package's order; of a file larger than `limit` bytes come the first
    `limit` + 1. DataError if the package is damaged.
    """
    try:
        data = io.BytesIO(_data(path.read_bytes()))
        with tarfile.open(fileobj=data) as archive:
            for member in archive:
                if member.isfile() and (file := archive.extractfile(member)):
                    yield member.name.removeprefix("./"), file.read(limit + 1)
    except DAMAGED as error:
        raise damaged(path, error) from None


def _data(package: bytes) -> bytes:
    """Return the member `data.tar.*`; ValueError if there is none."""
    if not package.startswith(_MAGIC):
        raise ValueError("not an ar archive")
    start = len(_MAGIC)
    while header := package[start : start + _HEADER_BYTES]:
        if not (fields := _HEADER.fullmatch(header)):
            raise ValueError(f"no header of an ar archive at byte {start}")
        name, size = fields[1], int(fields[2])
        start += _HEADER_BYTES
        if name.startswith(_DATA):
            if len(package) < start + size:
                raise ValueError(f"cut short at {len(package)} of {start + size} bytes")
            return package[start : start + size]
        start += size + size % 2  # headers lie at even offsets
    raise ValueError(f"no {_DATA.decode()} inside")
