import re

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from pipeline.encoding.records import Skipped
from pipeline.errors import DataError
from pipeline.tasks.translation.encoding.read import Pair, open_text
from pipeline.tasks.translation.settings import TranslationReader


def everything(text) -> list:
    return [record for group in text.groups for record in text.records(group)]


def test_messages_are_paired_by_their_path_of_keys(write_wheel, encoding):
    english = {"title": "Lamp", "config": {"abort": {"title": "Done", "new": "Not yet"}}}
    german = {"config": {"abort": {"title": "Fertig"}, "old": "Alt"}, "title": "Lampe"}
    raw = write_wheel({"b": ({"a": "Yes"}, {"a": "Ja"}), "a": (english, german)})
    assert everything(open_text(raw, encoding)) == [
        ("homeassistant/components/a", [("Lamp", "Lampe"), ("Done", "Fertig")]),
        ("homeassistant/components/b", [("Yes", "Ja")]),
    ]


def test_unreadable_integrations_are_told_apart(write_wheel, encoding):
    raw = write_wheel({"a": ('{"a": ', {}), "b": ({"a": {"b": 3}}, {"a": {"b": "drei"}})})
    first, second = everything(open_text(raw, encoding))
    assert first.record == "homeassistant/components/a"
    assert first.reason.startswith("en.json is not valid JSON")
    assert second.reason == "en.json / a / b is 3, neither a text nor a table"


def test_a_reason_is_short_whatever_the_data_hold(write_wheel, encoding):
    raw = write_wheel({"a": ({"b" * 10**6: [0] * 10**6}, {})})
    ((_, reason),) = everything(open_text(raw, encoding))
    assert reason.startswith("en.json / bbb") and reason.endswith("neither a text nor a table")
    assert len(reason) < 300


def test_an_archive_that_does_not_serve(write_wheel, encoding, tmp_path):
    raw = write_wheel({"a": ({"a": "Yes"}, {"a": "Ja"})})
    with pytest.raises(DataError, match=re.escape("both en.json and fr.json")):
        open_text(raw, encoding.model_copy(update={"target_language": "fr"}))
    next(raw.glob("*.whl")).write_bytes(b"PK, cut short")
    with pytest.raises(DataError, match="cannot be read"):
        open_text(raw, encoding)
    next(raw.glob("*.whl")).unlink()
    with pytest.raises(DataError, match=r"expected one archive \*\.whl, found 0"):
        open_text(raw, encoding)


def test_a_damaged_member_is_an_error(write_wheel, encoding):
    raw = write_wheel({"a": ({"a": "Yes"}, {"a": "Ja"})})
    wheel = next(raw.glob("*.whl"))
    wheel.write_bytes(wheel.read_bytes().replace(b'"Yes"', b'"Yex"'))
    with pytest.raises(DataError, match="cannot be read.*CRC"):
        everything(open_text(raw, encoding))


@pytest.fixture
def columns(encoding):
    return encoding.model_copy(
        update={"reader": TranslationReader.PARALLEL_COLUMNS, "splits": None}
    )


def write_split(raw, split, english, german):
    raw.mkdir(exist_ok=True)
    table = {"de": german, "id": list(range(len(english))), "en": english}
    pq.write_table(pa.table(table), raw / f"{split}.parquet")


def test_rows_are_pairs_and_splits_are_groups(tmp_path, columns):
    for split in ("validation", "test"):
        write_split(tmp_path, split, [split], ["ja"])
    many = [str(number) for number in range(10_001)]  # more than one batch
    write_split(tmp_path, "train", [*many, None], [*many, "nichts"])
    text = open_text(tmp_path, columns)
    assert text.groups == ["train", "validation", "test"]
    write_split(tmp_path, "other", ["other"], ["ja"])  # no split of ours
    for year in ("2018", "2017"):
        write_split(tmp_path, f"test_{year}", [year], ["ja"])
    assert open_text(tmp_path, columns).groups[2:] == ["test", "test_2017", "test_2018"]
    *rows, last = text.records("train")
    assert rows == [(n, [Pair(n, n)]) for n in many]
    assert last == Skipped("train row 10001", "column en is None, not a text")


def test_columns_and_splits_that_are_missing(tmp_path, columns):
    for split in ("train", "test"):
        write_split(tmp_path, split, ["yes"], ["ja"])
    with pytest.raises(DataError, match=re.escape("validation.parquet is missing")):
        open_text(tmp_path, columns)
    write_split(tmp_path, "validation", ["yes"], ["ja"])
    french = open_text(tmp_path, columns.model_copy(update={"target_language": "fr"}))
    with pytest.raises(DataError, match="no column 'fr' among de, id, en"):
        list(french.records("test"))
    (tmp_path / "test.parquet").write_bytes(b"PAR1")
    with pytest.raises(DataError, match=re.escape("test.parquet: cannot be read")):
        list(open_text(tmp_path, columns).records("test"))


def test_languages_may_be_fields_of_one_column(tmp_path, columns):
    rows = [{"de": "ja", "en": "yes"}, {"de": "nein", "en": None}, None]
    for split in ("train", "validation", "test"):
        table = pa.table({"translation": rows, "id": [1, 2, 3]})
        pq.write_table(table, tmp_path / f"{split}.parquet")
    nested = columns.model_copy(update={"reader": TranslationReader.TRANSLATION_COLUMN})
    first, second, third = open_text(tmp_path, nested).records("train")
    assert first.pairs == [Pair("yes", "ja")]
    assert second.reason == third.reason == "column translation.en is None, not a text"
    french = open_text(tmp_path, nested.model_copy(update={"target_language": "fr"}))
    with pytest.raises(
        DataError, match=r"no column 'translation.fr' among translation, id, translation.de, tran"
    ):
        list(french.records("test"))
