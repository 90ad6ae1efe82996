import gzip
import io
import tarfile
import zipfile

from faults.shortened import shorten_package, shorten_source, shorten_wheel
from pipeline.encoding.debian import read_deb
from tests.encoding.debs import deb

DIGITS = "sklearn/datasets/data/digits.csv.gz"


def test_the_first_records_are_left_of_a_wheel(tmp_path):
    folder = "homeassistant/components"
    names = [
        f"{folder}/{number:03d}/translations/{language}.json"
        for number in range(60)
        for language in ("fr", "en", "de")
    ]
    with zipfile.ZipFile(path := tmp_path / "a.whl", "w") as wheel:
        for name in reversed(names):
            wheel.writestr(name, f"content of {name}")
        wheel.writestr("homeassistant/components/000/manifest.json", "{}")
        wheel.writestr("music21/corpus/bach/bwv1.6.mxl", "x")
    shorten_wheel(path)
    with zipfile.ZipFile(path) as wheel:
        assert set(wheel.namelist()) == {
            f"{folder}/{number:03d}/translations/{language}.json"
            for number in range(20)
            for language in ("en", "de")
        }
        for name in wheel.namelist():
            assert wheel.read(name).decode() == f"content of {name}"


def test_the_first_rows_are_left_of_a_table(tmp_path):
    rows = b"".join(b"%d,0\n" % number for number in range(150))
    shortened = []
    for name in "a.whl", "b.whl":
        with zipfile.ZipFile(path := tmp_path / name, "w") as wheel:
            member = zipfile.ZipInfo(DIGITS, (2020, 1, 1, 0, 0, 0))
            wheel.writestr(member, gzip.compress(rows))
        shorten_wheel(path)
        with zipfile.ZipFile(path) as wheel:
            assert gzip.decompress(wheel.read(DIGITS)).splitlines() == rows.splitlines()[:100]
        shortened.append(path.read_bytes())
    assert shortened[0] == shortened[1]


def test_the_first_molecules_are_left_of_a_source(tmp_path):
    names = [f"tests/assets/qm7/{number:04d}.xyz" for number in range(100)]
    kept = ["qmllib-1/tests/assets/hof_qm7.txt", *(f"qmllib-1/{name}" for name in names)]
    shortened = []
    for path in tmp_path / "a.tar.gz", tmp_path / "b.tar.gz":
        with tarfile.open(path, "w:gz") as archive:
            for number, name in enumerate([*reversed(kept), "qmllib-1/setup.py"]):
                member = tarfile.TarInfo(name)
                content = f"content of {name}".encode()
                member.size, member.mtime = len(content), number + len(shortened)
                archive.addfile(member, io.BytesIO(content))
        shorten_source(path)
        with tarfile.open(path) as archive:
            assert archive.getnames() == [*kept[1:81], kept[0]]
            for name in archive.getnames():
                assert archive.extractfile(name).read().decode() == f"content of {name}"
        shortened.append(path.read_bytes())
    assert shortened[0] == shortened[1]


def test_the_first_pages_are_left_of_a_package(tmp_path):
    folder = "usr/share/libreoffice/help/en-US/text"
    pages = {
        f"{folder}/{program}/{number:02d}.html": f"page {number} of {program}".encode()
        for program in ("swriter", "scalc", "smath")
        for number in reversed(range(50))
    }
    shortened = []
    for path in tmp_path / "a.deb", tmp_path / "b.deb":
        path.write_bytes(deb(pages | {"usr/share/doc/copyright": b"MPL"}))
        shorten_package(path)
        assert dict(read_deb(path, 1000)) == {
            name: content
            for name, content in sorted(pages.items())
            if "smath" not in name and int(name[-7:-5]) < 40
        }
        shortened.append(path.read_bytes())
    assert shortened[0] == shortened[1]
