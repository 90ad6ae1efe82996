"""Atomic, reproducible file output."""

import errno
import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pipeline.errors import DataError

_CHUNK = 1 << 20
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)  # no space, no quota, no larger files allowed


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file as hexadecimal digits."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def write_atomically(path: Path, content: bytes) -> None:
    """Write `content` to `path`, so that neither a reader nor a crash sees a partial file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        with _reporting_space(path, lambda free: len(content)), partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_json(path: Path, value: Any) -> None:
    """Write `value` as JSON with sorted keys; equal values give equal bytes."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_atomically(path, (text + "\n").encode())


def write_json_lines(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write `rows` as JSON lines with sorted keys."""
    lines = (json.dumps(row, ensure_ascii=False, sort_keys=True) + "\n" for row in rows)
    write_atomically(path, "".join(lines).encode())


def read_json(path: Path) -> Any:
    """Read a JSON file; DataError names the file if it is missing or damaged."""
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; run the stage that writes it (dvc repro)") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: not valid JSON ({error}); delete it and run dvc repro") from None


@contextmanager
def staged_folder(path: Path) -> Iterator[Path]:
    """Yield an empty folder that replaces `path` when the block ends without an error."""
    staging = path.with_name(f".{path.name}.partial")
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(parents=True)
    try:
        with _reporting_space(path, lambda free: _size(staging) + free):
            yield staging
        shutil.rmtree(path, ignore_errors=True)
        staging.replace(path)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


class _NoSpaceError(OSError):
    """No space left; the message has the path, and the bytes needed and free."""


@contextmanager
def _reporting_space(path: Path, needed: Callable[[int], int]) -> Iterator[None]:
    """Raise _NoSpaceError on a full disk; `needed` maps free bytes to the bytes needed."""
    try:
        yield
    except OSError as error:
        if error.errno not in _FULL or isinstance(error, _NoSpaceError):
            raise
        free = shutil.disk_usage(path.parent).free
        sizes = f"at least {needed(free) / 1e6:,.1f} MB needed, {free / 1e6:,.1f} MB free"
        problem = f"{error.strerror} ({sizes}); make room and start again"
        raise _NoSpaceError(error.errno, problem, str(path)) from None


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*"))
