"""The first records of the archives of data sets: an emulated processor reads them in seconds."""

import gzip
import re
import zipfile
from pathlib import Path

from faults.scale import read, stage
from pipeline.encoding.archives import only_archive

# Members of the wheels, and how many are left; of a table the rows that are left.
_MEMBERS = {
    r"homeassistant/components/[^/]+/translations/(?:de|en)\.json": 40,
    r"music21/corpus/bach/bwv25\d\.mxl": 10,  # they are short
    r"sklearn/datasets/data/digits\.csv\.gz": 1,
}
_ROWS = 100


def download(folder: Path) -> None:
    """Download the data sets of the scale in `folder`, and shorten their archives."""
    for name in read(folder)["datasets"]:
        done = stage(folder, "download", name)
        assert done.returncode == 0, done.stderr
        shorten(only_archive(folder / "data/raw" / name, "*.whl"))


def shorten(wheel: Path) -> None:
    """Leave the first of _MEMBERS in `wheel`, by name, and the first _ROWS of a table."""
    with zipfile.ZipFile(wheel) as archive:
        members = sorted(archive.infolist(), key=lambda member: member.filename)
        contents = {
            member: archive.read(member)
            for pattern, number in _MEMBERS.items()
            for member in [m for m in members if re.fullmatch(pattern, m.filename)][:number]
        }
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in contents.items():
            archive.writestr(
                member, _first_rows(content) if member.filename.endswith(".csv.gz") else content
            )


def _first_rows(packed: bytes) -> bytes:
    rows = gzip.decompress(packed).splitlines(keepends=True)[:_ROWS]
    return gzip.compress(b"".join(rows), mtime=0)
