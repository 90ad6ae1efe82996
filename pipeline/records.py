"""What a run measures on each test record: reports/records/<run>.parquet, small enough for git.

The columns are sufficient statistics, whose sums decide every score, so that runs can be compared
again without their weights and samples. Equal records have equal bytes.
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
MAX_BYTES = 150_000  # of a file: git keeps every version

_SPLIT, _CLUSTER = "split", "cluster"  # columns
_ABOUT = "about"  # key of the metadata: the settings and the test sets, as JSON
_NUMBERED = re.compile(r"(.*_)(\d+)")


@dataclass(frozen=True)
class Records:
    """The records of one test set."""

    test_set: str  # `fingerprint` of the records: equal for runs that were measured on the same
    clusters: Sequence[Hashable]  # (record,): names, or the numbers that stand for them in a file
    statistics: Mapping[str, np.ndarray]  # (record,) each; whole numbers, or float32 in the file


@dataclass(frozen=True)
class RunRecords:
    """The records of a run on each of its test sets, and the settings that it was made with."""

    settings: dict[str, Any]  # of the run, all but its title
    splits: Mapping[Split, Records]


def records_path(run: str) -> Path:
    """Where the records of a run stand."""
    return RECORDS / f"{run}.parquet"


def fingerprint(records: Iterable[bytes]) -> str:
    """A digest of the contents of test records and of their order."""
    digest = hashlib.sha256()
    for record in records:
        digest.update(len(record).to_bytes(8, "little") + record)
    return digest.hexdigest()


def write_records(path: Path, records: RunRecords) -> None:
    """Write the records of a run; every split has the same statistics.

    DataError if they would take more than MAX_BYTES.
    """
    content = _encode(records)
    if len(content) > MAX_BYTES:
        count = sum(len(each.clusters) for each in records.splits.values())
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
    """The file: whole numbers are cut into planes of bytes, and neither time nor machine is in it.

    Its bytes depend on the version of pyarrow, which it names.
    """
    splits = records.splits
    numbers = _as_differences(_joined([each.statistics for each in splits.values()]))
    table = pa.table(
        {
            _SPLIT: [split for split, each in splits.items() for _ in each.clusters],
            _CLUSTER: np.concatenate([cluster_numbers(each.clusters) for each in splits.values()]),
            **numbers,
        }
    )
    about = {
        "settings": records.settings,
        "test_sets": {split: each.test_set for split, each in splits.items()},
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
    """The statistics of all splits end to end, as int32, int64 or float32."""
    if any(each.keys() != splits[0].keys() for each in splits):
        raise ValueError(f"splits have different statistics: {[sorted(each) for each in splits]}")
    return {name: _narrow(np.concatenate([each[name] for each in splits])) for name in splits[0]}


def _narrow(values: np.ndarray) -> np.ndarray:
    if values.dtype.kind == "f":
        return values.astype(np.float32)
    fits = np.abs(values).max(initial=0) <= np.iinfo(np.int32).max
    return values.astype(np.int32 if fits else np.int64)


def _splits(table: pa.Table, test_sets: Mapping[Split, str]) -> dict[Split, Records]:
    of_record = np.array(table[_SPLIT].to_pylist())
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
            clusters[of_record == split].tolist(),
            {name: values[of_record == split] for name, values in statistics.items()},
        )
        for split, test_set in test_sets.items()
    }


def _as_differences(statistics: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Put a_1 - a_2 in the place of a_2, as column `a_1-2`, and so on for numbered statistics.

    Counts of n-grams of successive orders differ by 1 in most sentences, which takes half of the
    bytes of the counts.
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
    """Undo `_as_differences`."""
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
    """The statistic whose number is one less, and the name of their difference: a_1, a_1-2."""
    numbered = _NUMBERED.fullmatch(name)
    if numbered is None:
        return None, name
    before = f"{numbered[1]}{int(numbered[2]) - 1}"
    return before, f"{before}-{numbered[2]}"
