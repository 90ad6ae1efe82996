"""Rows of parquet files, in which the data sets of the hub come."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from pipeline.encoding.archives import damaged
from pipeline.errors import DataError


def read_rows(
    path: Path, columns: Sequence[str], batch_rows: int, parameters: str
) -> Iterator[tuple[Any, ...]]:
    """Yield the cells of `columns` of each row; in memory are `batch_rows` rows.

    "a.b" is the field `b` of a column `a` of structs. DataError if the file is damaged or lacks a
    column, which the parameters `parameters` name.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # Buffering ahead would hold the whole file in the end.
        with pq.ParquetFile(path, pre_buffer=False) as file:
            _check_columns(path, columns, _names(file.schema_arrow), parameters)
            for batch in file.iter_batches(batch_rows, columns=list(dict.fromkeys(columns))):
                table = pa.Table.from_batches([batch])
                fields = table.flatten()
                cells = (
                    (table if name in table.column_names else fields).column(name).to_pylist()
                    for name in columns
                )
                yield from zip(*cells, strict=True)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise damaged(path, error) from None


def _names(schema: Any) -> list[str]:
    """Return the names of the columns, and of the fields of those that hold structs."""
    fields = (field.name for column in schema for field in column.flatten())
    return list(dict.fromkeys([*schema.names, *fields]))


def _check_columns(
    path: Path, columns: Sequence[str], available: Sequence[str], parameters: str
) -> None:
    for name in columns:
        if name not in available:
            raise DataError(
                f"{path}: no column {name!r} among {', '.join(available)}; correct {parameters}"
            )
