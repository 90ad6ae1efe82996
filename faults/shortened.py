"""The first records of the archives of data sets: an emulated processor reads them in seconds."""

import gzip
import io
import re
import tarfile
import zipfile
from collections.abc import Iterable
from pathlib import Path

from faults.scale import read, stage
from pipeline.encoding.archives import only_archive
from pipeline.encoding.debian import read_deb

# Members of the archives, and how many are left; of a table the rows that are left.
_MEMBERS = {
    r"homeassistant/components/[^/]+/translations/(?:de|en)\.json": 40,
    r"music21/corpus/bach/bwv25\d\.mxl": 10,  # they are short
    r"sklearn/datasets/data/digits\.csv\.gz": 1,
    r"qmllib-[^/]+/tests/assets/qm7/\d+\.xyz": 80,
    r"qmllib-[^/]+/tests/assets/hof_qm7\.txt": 1,
    r"usr/share/libreoffice/help/en-US/text/scalc/.+\.html": 40,
    r"usr/share/libreoffice/help/en-US/text/swriter/.+\.html": 40,
}
_ROWS = 100
_MAX_FILE_BYTES = 1 << 24  # the largest page of the help has 0.5 MB


def download(folder: Path) -> None:
    """Download the data sets of the scale in `folder`, and shorten their archives."""
    for name in read(folder)["datasets"]:
        done = stage(folder, "download", name)
        assert done.returncode == 0, done.stderr
        raw = folder / "data/raw" / name
        if list(raw.glob("*.whl")):
            shorten_wheel(only_archive(raw, "*.whl"))
        elif list(raw.glob("*.deb")):
            shorten_package(only_archive(raw, "*.deb"))
        else:
            shorten_source(only_archive(raw, "*.tar.gz"))


def shorten_wheel(wheel: Path) -> None:
    """Leave the first of _MEMBERS in `wheel`, by name, and the first _ROWS of a table."""
    with zipfile.ZipFile(wheel) as archive:
        contents = {name: archive.read(name) for name in _first_members(archive.namelist())}
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            member = zipfile.ZipInfo(name)
            archive.writestr(member, _first_rows(content) if name.endswith(".csv.gz") else content)


def shorten_source(source: Path) -> None:
    """Leave the first of _MEMBERS in `source`, an archive of type tar.gz, by name."""
    with tarfile.open(source) as archive:
        names = _first_members(archive.getnames())
        contents = {name: archive.extractfile(name).read() for name in names}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, content in contents.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    source.write_bytes(gzip.compress(packed.getvalue(), mtime=0))


def shorten_package(package: Path) -> None:
    """Leave the first of _MEMBERS in `package`, a Debian package, by name."""
    contents = dict(read_deb(package, _MAX_FILE_BYTES))
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w:xz") as archive:
        for name in _first_members(contents):
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(contents[name])
            archive.addfile(member, io.BytesIO(contents[name]))
    content = data.getvalue()
    header = f"{'data.tar.xz':<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n"
    package.write_bytes(b"!<arch>\n" + header.encode() + content + b"\n" * (len(content) % 2))


def _first_members(names: Iterable[str]) -> list[str]:
    ordered = sorted(names)
    return [
        name
        for pattern, number in _MEMBERS.items()
        for name in [n for n in ordered if re.fullmatch(pattern, n)][:number]
    ]


def _first_rows(packed: bytes) -> bytes:
    rows = gzip.decompress(packed).splitlines(keepends=True)[:_ROWS]
    return gzip.compress(b"".join(rows), mtime=0)
