"""Archives in a folder of raw data: found, and read member by member with a limit.

Nothing is extracted, whatever the names of the members.
"""

import lzma
import tarfile
import zipfile
import zlib
from pathlib import Path

from pipeline.encoding.records import RecordError
from pipeline.errors import DataError

# What Python's modules raise on damaged archives. OSError and ValueError: a wrong offset;
# RuntimeError: an unknown compression or an encrypted member.
DAMAGED = (
    *(OSError, EOFError, ValueError, RuntimeError),
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError),
)


def only_archive(raw: Path, pattern: str) -> Path:
    """Return the file in `raw` that matches `pattern`; DataError if there is none or several."""
    found = sorted(raw.glob(pattern))
    if len(found) != 1:
        raise DataError(
            f"{raw}: expected one archive {pattern}, found {len(found)}; "
            "run the download stage again"
        )
    return found[0]


def read_member(archive: zipfile.ZipFile, member: str, limit: int) -> bytes:
    """Return the bytes of a member; RecordError if there are more than `limit`.

    The header's size is not trusted: it may be that of a decompression bomb. Raises KeyError if
    there is no such member and one of DAMAGED if it is damaged.
    """
    with archive.open(member) as file:
        content = file.read(limit + 1)
    if len(content) > limit:
        raise RecordError(f"{member} is larger than {limit} bytes")
    return content


def damaged(path: Path, error: Exception) -> DataError:
    """The error for a file of raw data that cannot be read as a whole."""
    detail = " ".join(str(error).split())
    return DataError(f"{path}: cannot be read ({detail}); run the download stage again")
