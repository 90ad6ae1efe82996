"""Sufficient statistics of a run on each test record: reports/records/<run>.parquet, in git.

Their sums determine all scores, so that runs can be compared without weights and samples. Equal
records give equal bytes.

A split may be that of a variant of the run, `test@<variant>`: its test records with the weights of
an earlier update, or with another search.
"""

import hashlib
import io
import json
import re
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from pipeline.corpus import Split
from pipeline.errors import DataError
from pipeline.files import write_atomically
from pipeline.statistics.bootstrap import cluster_numbers

RECORDS = Path("reports/records")
MAX_BYTES = 500_000  # of a file; git keeps every version

_SPLIT, _CLUSTER = "split", "cluster"  # columns
_ABOUT = "about"  # metadata key of settings and test sets, as JSON
_NUMBERED = re.compile(r"(.*_)(\d+)")


@dataclass(frozen=True)
class Records:
    """Records of one test set."""

    test_set: str  # `fingerprint` of the contents of the records
    clusters: Sequence[Hashable]  # (record,): names, or their numbers if read from a file
    statistics: Mapping[str, np.ndarray]  # (record,) each; integers, or float32 in the file


@dataclass(frozen=True)
class RunRecords:
    """Records of a run on each of its test sets, and its settings."""

    settings: dict[str, Any]  # all but the title
    splits: Mapping[Split, Records]


def records_path(run: str) -> Path:
    """Return the path of the records of a run."""
    return RECORDS / f"{run}.parquet"


def fingerprint(records: Iterable[bytes]) -> str:
    """Return a digest of the contents and order of test records."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(len(record).to_bytes(8, "little") + record)
    return digest.hexdigest()


def write_records(path: Path, records: RunRecords) -> None:
    """Write the records of a run; all splits have the same statistics.

    Raises DataError if the file exceeds MAX_BYTES.
    """
    content = _encode(records)
    if len(content) > MAX_BYTES:
        count = sum(len(split.clusters) for split in records.splits.values())
        raise DataError(
            f"{path}: {count:,} records take {len(content):,} bytes, more than {MAX_BYTES:,}; "
            f"about {count * MAX_BYTES // len(content):,} fit: hold out fewer of data set "
            f"{records.settings['dataset']}"
        )
    write_atomically(path, content)


def read_records(run: str) -> RunRecords:
    """Read the records of a run; DataError names the file if it is missing or damaged."""
    path = records_path(run)
    remedy = f"run `dvc repro evaluate@{run}`"
    try:
        table = parquet.read_table(io.BytesIO(path.read_bytes()), use_threads=False)
        about = json.loads(table.schema.metadata[_ABOUT.encode()])
        return RunRecords(about["settings"], _splits(table, about["test_sets"]))
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; {remedy}") from None
    except (pa.ArrowException, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path}: not the records of a run ({error}); {remedy}") from None


def _encode(records: RunRecords) -> bytes:
    """Encode as parquet, numbers split into byte planes, without times or machine names.

    The bytes depend on the version of pyarrow, which is in the file.
    """
    splits = records.splits
    numbers = _as_differences(_joined([split.statistics for split in splits.values()]))
    table = pa.table(
        {
            _SPLIT: [name for name, split in splits.items() for _ in split.clusters],
            _CLUSTER: np.concatenate([cluster_numbers(s.clusters) for s in splits.values()]),
            **numbers,
        }
    )
    about = {
        "settings": records.settings,
        "test_sets": {name: split.test_set for name, split in splits.items()},
    }
    file = io.BytesIO()
    with parquet.ParquetWriter(
        file,
        table.schema,
        version="2.6",
        compression="zstd",
        compression_level=19,
        use_dictionary=[_SPLIT],
        column_encoding={
            _CLUSTER: "DELTA_BINARY_PACKED",
            **dict.fromkeys(numbers, "BYTE_STREAM_SPLIT"),
        },
        write_statistics=False,
        store_schema=False,
    ) as writer:
        writer.write_table(table)
        writer.add_key_value_metadata({_ABOUT: json.dumps(about, sort_keys=True)})
    return file.getvalue()


def _joined(splits: Sequence[Mapping[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Concatenate the statistics of all splits, as int32, int64 or float32."""
    if any(split.keys() != splits[0].keys() for split in splits):
        raise ValueError(f"splits have different statistics: {[sorted(s) for s in splits]}")
    return {name: _compact(np.concatenate([s[name] for s in splits])) for name in splits[0]}


def _compact(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    fits = np.abs(values).max(initial=0) <= np.iinfo(np.int32).max
    return values.astype(np.int32 if fits else np.int64)


def _splits(table: pa.Table, test_sets: Mapping[Split, str]) -> dict[Split, Records]:
    split_of_record = np.array(table[_SPLIT].to_pylist())
    clusters = table[_CLUSTER].to_numpy()
    stored = {
        name: table[name].to_numpy()
        for name in table.column_names
        if name not in (_SPLIT, _CLUSTER)
    }
    statistics = _from_differences(stored)
    return {
        split: Records(
            test_set,
            clusters[split_of_record == split].tolist(),
            {name: values[split_of_record == split] for name, values in statistics.items()},
        )
        for split, test_set in test_sets.items()
    }


def _as_differences(statistics: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Replace numbered statistics by differences: a_2 by a_1 - a_2, as column `a_1-2`, and so on.

    N-gram counts of successive orders mostly differ by 1, which takes half of the bytes.
    """
    stored = {}
    for name, values in statistics.items():
        before, label = _before(name)
        if before in statistics:
            stored[label] = statistics[before] - values
        else:
            stored[name] = values
    return stored


def _from_differences(stored: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Invert `_as_differences`."""
    statistics: dict[str, np.ndarray] = {}
    for label, values in stored.items():
        stem, minus, number = label.rpartition("-")
        if minus:
            before = statistics[stem]
            statistics[_NUMBERED.fullmatch(stem)[1] + number] = before - values
        else:
            statistics[label] = values
    return statistics


def _before(name: str) -> tuple[str | None, str]:
    """Return the preceding statistic of a_2 and the name of their difference: a_1, a_1-2."""
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None:
        return None, name
    before = f"{numbered[1]}{int(numbered[2]) - 1}"
    return before, f"{before}-{numbered[2]}"
