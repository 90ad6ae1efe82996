import numpy as np
import pytest

from pipeline.corpus import read_clusters, write_clusters, write_sequences
from pipeline.errors import DataError

IDS = np.dtype(np.uint16)


def write_split(folder, split, clusters, fields=("source", "target"), records=None):
    records = len(clusters) if records is None else records
    for field in fields:
        write_sequences(folder, split, field, [np.arange(3)] * records, IDS)
    write_clusters(folder, split, clusters)


@pytest.mark.parametrize(
    "names",
    [
        ["components/lamp", "components/lamp", "components/fan"],
        ["", "", " a  b "],
        ["a\nb", "a\r\nb", "a\\nb", "a\\\nb", "a\x85b\u2028c\x0b"],
        ["Präludium", "序曲", "\U0001f3b9", "\udcff of no UTF-8"],  # as os.fsdecode has it
        list(map(chr, range(256))),
    ],
    ids=["plain", "empty", "line breaks", "not ASCII", "all"],
)
def test_clusters_are_read_as_they_were_written_one_a_line(tmp_path, names):
    write_split(tmp_path, "test", names)
    assert read_clusters(tmp_path, "test") == names
    content = (tmp_path / "test.clusters.txt").read_bytes()
    assert content.isascii() and len(content.decode().splitlines()) == len(names)


def test_plain_names_stand_in_the_file_as_they_are(tmp_path):
    write_clusters(tmp_path, "test", ["cat.png/0,12", "cat.png/1,0"])
    assert (tmp_path / "test.clusters.txt").read_text() == "cat.png/0,12\ncat.png/1,0\n"


def test_each_test_set_has_its_own(tmp_path):
    write_split(tmp_path, "test", ["a", "b"])
    write_split(tmp_path, "test_2017", ["c"], fields=["pixels"])
    assert read_clusters(tmp_path, "test") == ["a", "b"]
    assert read_clusters(tmp_path, "test_2017") == ["c"]


def test_a_missing_file_is_an_error(tmp_path):
    write_split(tmp_path, "test", ["a"])
    (tmp_path / "test.clusters.txt").unlink()
    with pytest.raises(DataError, match=r"test\.clusters\.txt: .*No such file.*; run the encode"):
        read_clusters(tmp_path, "test")


@pytest.mark.parametrize("records", [1, 3])
def test_another_length_than_that_of_the_split_is_an_error(tmp_path, records):
    write_split(tmp_path, "test", ["a", "b"], records=records)
    message = rf"test\.clusters\.txt: 2 clusters, but split 'test' has {records} records; run the e"
    with pytest.raises(DataError, match=message):
        read_clusters(tmp_path, "test")


@pytest.mark.parametrize(
    "content",
    [b"a\nb", b"a\nb\nc", b"a\n\xff\n", b"a\nb\\\n", b"a\n\\x4\n", b"a\n\\x41\n", b"a\nb\r\n"],
    ids=[
        "cut",
        "cut later",
        "not ASCII",
        "half an escape",
        "cut escape",
        "escaped in vain",
        "carriage return",
    ],
)
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of an unknown escape
def test_a_damaged_file_is_an_error(tmp_path, content):
    write_split(tmp_path, "test", ["a", "b"])
    (tmp_path / "test.clusters.txt").write_bytes(content)
    with pytest.raises(DataError, match=r"test\.clusters\.txt: .*; run the encode stage again$"):
        read_clusters(tmp_path, "test")


def test_clusters_of_no_split_are_an_error(tmp_path):
    write_clusters(tmp_path, "test", ["a"])
    with pytest.raises(DataError, match=r"no split 'test'; run the encode stage again"):
        read_clusters(tmp_path, "test")
