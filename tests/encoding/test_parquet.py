import subprocess
import sys

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.encoding.parquet import read_rows
from pipeline.errors import DataError


@pytest.fixture
def path(tmp_path):
    table = {
        "number": range(5),
        "text": ["a", None, "c", "d", "e"],
        "pair": [{"en": "1", "de": "eins"}, None, {"en": "3", "de": None}, {}, {"en": "5"}],
        "a.b": [10, 11, 12, 13, 14],
    }
    path = tmp_path / "train.parquet"
    pq.write_table(pa.table(table), path)
    return path


def rows(path, *columns, batch_rows=2) -> list:
    return list(read_rows(path, columns, batch_rows, "encoding.columns"))


@pytest.mark.parametrize("batch_rows", [1, 2, 100])
def test_rows_come_in_their_order_with_the_columns_that_are_asked_for(path, batch_rows):
    expected = [("a", 0), (None, 1), ("c", 2), ("d", 3), ("e", 4)]
    assert rows(path, "text", "number", batch_rows=batch_rows) == expected


def test_a_column_may_be_asked_for_twice_and_may_hold_structs(path):
    assert rows(path, "number", "number")[3] == (3, 3)
    assert rows(path, "pair")[:2] == [({"en": "1", "de": "eins"},), (None,)]


def test_a_field_of_a_column_of_structs_is_a_column(path):
    found = rows(path, "pair.de", "a.b", "pair.en")
    assert found[:3] == [("eins", 10, "1"), (None, 11, None), (None, 12, "3")]


def test_a_column_that_is_missing_is_an_error_that_names_the_others(path):
    message = (
        r"train\.parquet: no column 'fr' among number, text, pair, a\.b, pair\.en, pair\.de; "
        r"correct encoding\.columns$"
    )
    with pytest.raises(DataError, match=message):
        rows(path, "text", "fr")


def test_a_damaged_file_is_an_error(path):
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(DataError, match=r"train\.parquet: cannot be read \(.*\); run the download"):
        rows(path, "text")


def test_text_that_is_not_utf_8_is_an_error(path):
    text = pa.array([b"\xff\xfe"]).view(pa.string())
    pq.write_table(pa.table({"text": text}), path)
    with pytest.raises(DataError, match=r"train\.parquet: cannot be read \(.*utf-8"):
        rows(path, "text")


def test_pandas_is_not_imported(path):
    """Some of pyarrow's functions import it, which takes 45 MB."""
    program = (
        "import sys; from pipeline.encoding.parquet import read_rows; from pathlib import Path; "
        f"print(len(list(read_rows(Path({str(path)!r}), ['pair.en'], 2, '')))); "
        "print('pandas' in sys.modules)"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.split() == ["5", "False"]
