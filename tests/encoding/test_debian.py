import shutil
import subprocess

import pytest

from pipeline.encoding.debian import read_deb
from pipeline.errors import DataError
from tests.encoding.debs import ar, deb

FILES = {"usr/b": b"0123456789", "usr/share/a": b"", "c": bytes(100_000)}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a.deb"


@pytest.mark.parametrize("compression", ["xz", "gz", "bz2"])
def test_the_files_of_a_package_come_in_its_order_without_folders_and_links(path, compression):
    path.write_bytes(deb(FILES, compression))
    assert list(read_deb(path, 100_000)) == list(FILES.items())


def test_of_a_large_file_comes_one_byte_more_than_the_limit(path):
    path.write_bytes(deb(FILES))
    assert [len(content) for _, content in read_deb(path, 9)] == [10, 0, 10]
    assert [len(content) for _, content in read_deb(path, 10)] == [10, 0, 11]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "not an ar archive"),
        (b"PK\x03\x04" + bytes(99), "not an ar archive"),
        (ar({"debian-binary": b"2.0\n"}), r"no data\.tar inside"),
        (ar({"data.tar.xz": b"no archive"}), "file could not be opened successfully"),
        (deb(FILES)[:-40], "cut short at"),
        (deb(FILES)[:100], "no header of an ar archive at byte 72"),
        (
            deb(FILES).replace(b"3         `", b"-60       `"),
            "no header of an ar archive at byte 72",
        ),
    ],
)
def test_a_damaged_package_is_an_error_of_one_line(path, content, reason):
    path.write_bytes(content)
    with pytest.raises(DataError, match=reason) as raised:
        list(read_deb(path, 10))
    told = str(raised.value)
    assert told.startswith(f"{path}: cannot be read (") and "\n" not in told
    assert told.endswith("; run the download stage again")


def test_a_package_that_is_cut_short_is_damaged_wherever_it_ends(path):
    whole = deb(FILES).rstrip(b"\n")  # without the padding of the last member
    for end in range(len(whole)):
        path.write_bytes(whole[:end])
        with pytest.raises(DataError):
            list(read_deb(path, 10))


@pytest.mark.skipif(shutil.which("ar") is None, reason="needs ar of binutils")
def test_the_test_writes_what_ar_reads(path):
    path.write_bytes(deb(FILES))
    listed = subprocess.run(["ar", "t", path], capture_output=True, text=True, check=True)
    assert listed.stdout.split() == ["debian-binary", "control.tar.xz", "data.tar.xz"]


def test_damage_anywhere_is_an_error_or_changes_nothing(path):
    whole = deb(FILES)
    outcomes = set()
    for at in range(len(whole)):
        content = bytearray(whole)
        content[at] ^= 0xFF
        path.write_bytes(content)
        try:
            outcomes.add(list(read_deb(path, 100_000)) == list(FILES.items()))
        except DataError:
            outcomes.add(None)
    assert outcomes == {True, None}
