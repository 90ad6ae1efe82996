import tarfile
import zipfile
import zlib
from pathlib import Path

import pytest

from pipeline.encoding.archives import DAMAGED, damaged, only_archive, read_member
from pipeline.encoding.records import RecordError
from pipeline.errors import DataError


def test_the_archive_is_the_only_file_of_its_kind(tmp_path):
    (tmp_path / "source.json").touch()
    (tmp_path / "a.zip").touch()
    assert only_archive(tmp_path, "*.zip") == tmp_path / "a.zip"
    with pytest.raises(DataError, match=r"expected one archive \*\.whl, found 0; run the download"):
        only_archive(tmp_path, "*.whl")
    (tmp_path / "b.zip").touch()
    with pytest.raises(DataError, match=r"expected one archive \*\.zip, found 2; run the download"):
        only_archive(tmp_path, "*.zip")


@pytest.fixture
def path(tmp_path) -> Path:
    path = tmp_path / "a.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("ten", b"0123456789")
    return path


def test_a_member_is_read_up_to_the_limit(path):
    with zipfile.ZipFile(path) as archive:
        assert read_member(archive, "ten", 10) == b"0123456789"
        with pytest.raises(RecordError, match=r"^ten is larger than 9 bytes$"):
            read_member(archive, "ten", 9)
        with pytest.raises(KeyError):
            read_member(archive, "eleven", 10)


def test_a_limit_holds_whatever_size_the_header_claims(path):
    content = bytearray(path.read_bytes())
    content[content.index(b"PK\x01\x02") + 24] = 3  # the size, unpacked, in the directory
    path.write_bytes(content)
    with zipfile.ZipFile(path) as archive:
        assert archive.getinfo("ten").file_size == 3
        with pytest.raises(DAMAGED):  # it has other bytes than its checksum says
            read_member(archive, "ten", 5)


@pytest.mark.parametrize("at", range(0, 100, 3))
def test_what_damage_raises_is_told_in_a_line(path, at):
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)
    try:
        with zipfile.ZipFile(path) as archive:
            read_member(archive, archive.namelist()[0], 10)
    except (*DAMAGED, KeyError, RecordError) as error:
        told = str(damaged(path, error))
        assert told.startswith(f"{path}: cannot be read (") and "\n" not in told


@pytest.mark.parametrize("error", [zipfile.BadZipFile, tarfile.ReadError, zlib.error, EOFError])
def test_the_error_of_a_damaged_file_names_it_and_the_remedy(error):
    with pytest.raises(DAMAGED) as raised:
        raise error("cut\n  short")
    expected = "a.zip: cannot be read (cut short); run the download stage again"
    assert str(damaged(Path("a.zip"), raised.value)) == expected
