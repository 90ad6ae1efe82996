import hashlib
import http.server
import os
import re
import subprocess
import threading
import zipfile
from pathlib import Path

import datasets
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from pydantic import ValidationError

from pipeline import files, sources
from pipeline.errors import DataError
from pipeline.settings.sources import (
    FolderSource,
    HubSource,
    PackageSource,
    RemoteFile,
    UrlSource,
    UrlsSource,
)

CONTENT = bytes(range(256)) * 40
ABOUT = {"origin": "somewhere", "licence": "free"}


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def failure(source, folder: Path) -> str:
    """The one line that fetch fails with."""
    with pytest.raises(DataError) as caught:
        sources.fetch(source, folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """A scale's folder of its own, no mirror, and no package index."""
    scale = tmp_path / "scale"
    scale.mkdir()
    monkeypatch.chdir(scale)
    monkeypatch.delenv(sources.MIRROR, raising=False)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.delenv("PIP_FIND_LINKS", raising=False)
    return scale


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "raw"
    path.mkdir()
    return path


@pytest.fixture
def mirror(tmp_path, monkeypatch):
    path = tmp_path / "mirror"
    (path / "files").mkdir(parents=True)
    monkeypatch.setenv(sources.MIRROR, str(path))
    return path


# ------------------------------------------------------------------------------------- url


class Server(http.server.ThreadingHTTPServer):
    """Serves CONTENT at /file; `cut` ends a response early, `ranges` honours Range."""

    cut: int | None = None
    ranges = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), Handler)
        self.asked: list[str | None] = []

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/file"


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        asked = self.headers["Range"]
        self.server.asked.append(asked)
        if self.path != "/file":
            return self.send_error(404)
        start = int(re.fullmatch(r"bytes=(\d+)-", asked)[1]) if asked else 0
        start = start if self.server.ranges else 0
        if start >= len(CONTENT):
            return self.send_error(416)
        body = CONTENT[start:]
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: self.server.cut])

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        yield server
        server.shutdown()


def url(address: str, content: bytes = CONTENT) -> UrlSource:
    return UrlSource(kind="url", address=address, file="data.bin", sha256=sha256(content), **ABOUT)


def partial(content: bytes = CONTENT) -> Path:
    return Path(".work/download") / f"{sha256(content)}.partial"


def test_url_is_downloaded(server, folder):
    assert sources.fetch(url(server.address), folder) == {"data.bin": sha256(CONTENT)}
    assert (folder / "data.bin").read_bytes() == CONTENT
    assert not partial().exists()


def test_url_cut_short_goes_on_from_there(server, folder):
    server.cut = 1000
    message = failure(url(server.address), folder)
    assert f"cut short at 1000 of {len(CONTENT)} bytes" in message
    assert not list(folder.iterdir())
    server.cut = None
    assert sources.fetch(url(server.address), folder) == {"data.bin": sha256(CONTENT)}
    assert server.asked == [None, "bytes=1000-"]


def test_url_starts_anew_if_the_server_ignores_ranges(server, folder):
    server.cut, server.ranges = 1000, False
    failure(url(server.address), folder)
    server.cut = None
    assert sources.fetch(url(server.address), folder) == {"data.bin": sha256(CONTENT)}


def test_url_starts_anew_if_more_is_there_than_the_server_has(server, folder):
    partial().parent.mkdir(parents=True)
    partial().write_bytes(CONTENT + b"more")
    assert sources.fetch(url(server.address), folder) == {"data.bin": sha256(CONTENT)}
    assert server.asked == [f"bytes={len(CONTENT) + 4}-", None]


def test_url_downloaded_before_is_not_asked_for_again(server, folder):
    partial().parent.mkdir(parents=True)
    partial().write_bytes(CONTENT)
    assert sources.fetch(url(server.address), folder) == {"data.bin": sha256(CONTENT)}
    assert server.asked == []


def test_url_with_another_sha256_is_refused_and_forgotten(server, folder):
    message = failure(url(server.address, b"expected"), folder)
    assert server.address in message
    assert sha256(CONTENT) in message and sha256(b"expected") in message
    assert not list(folder.iterdir()) and not partial(b"expected").exists()


def test_url_not_found_or_out_of_reach(server, folder):
    assert "404" in failure(url(f"{server.address}s"), folder)
    server.server_close()
    assert "cannot be downloaded" in failure(url("http://127.0.0.1:9/file"), folder)


def test_url_of_another_scheme_is_refused(folder):
    assert "neither https:// nor http://" in failure(url("file:///etc/hosts"), folder)


# ------------------------------------------------------------------------------------ urls

OTHER = b"another file"


def urls(address: str, *names: str, other: bytes = OTHER) -> UrlsSource:
    """CONTENT of `address`, and a file that only a mirror has."""
    contents = {address: CONTENT, f"{address}/other": other}
    files = [
        RemoteFile(address=each, file=name, sha256=sha256(content))
        for (each, content), name in zip(contents.items(), names, strict=True)
    ]
    return UrlsSource(kind="urls", files=files, **ABOUT)


def test_each_of_several_urls_comes_from_the_mirror_or_its_address(server, folder, mirror):
    (mirror / "files/b.bin").write_bytes(OTHER)
    source = urls(server.address, "a.bin", "b.bin")
    assert sources.fetch(source, folder) == {"a.bin": sha256(CONTENT), "b.bin": sha256(OTHER)}
    assert (folder / "b.bin").read_bytes() == OTHER
    assert server.asked == [None]


def test_one_of_several_urls_that_fails_is_named(server, folder, mirror):
    source = urls(server.address, "a.bin", "b.bin")
    assert f"{server.address}/other: HTTP Error 404" in failure(source, folder)
    (mirror / "files/b.bin").write_bytes(OTHER[:-1])
    message = failure(source, folder)
    assert str(mirror / "files/b.bin") in message and sha256(OTHER) in message


def test_several_urls_have_names_of_their_own():
    with pytest.raises(ValidationError, match=r"files has a\.bin twice"):
        urls("http://127.0.0.1:9/file", "a.bin", "a.bin")


# ---------------------------------------------------------------------------------- mirror


def test_mirror_is_looked_in_first(server, folder, mirror):
    (mirror / "files/data.bin").write_bytes(CONTENT)
    assert sources.fetch(url(server.address), folder) == {"data.bin": sha256(CONTENT)}
    assert server.asked == []


def test_a_file_that_the_mirror_lacks_is_downloaded(server, folder, mirror):
    assert sources.fetch(url(server.address), folder) == {"data.bin": sha256(CONTENT)}
    assert server.asked == [None]


def test_a_damaged_file_in_the_mirror_is_refused(server, folder, mirror):
    (mirror / "files/data.bin").write_bytes(CONTENT[:-1])
    message = failure(url(server.address), folder)
    assert str(mirror / "files/data.bin") in message and sources.MIRROR in message
    assert not list(folder.iterdir())


def test_a_mirror_that_is_no_folder_is_an_error(folder, monkeypatch):
    monkeypatch.setenv(sources.MIRROR, "nowhere")
    assert "ATTENTION_MIRROR = 'nowhere'" in failure(url("http://127.0.0.1:9/file"), folder)


# -------------------------------------------------------------------------------- packages

WHEEL = "tiny_data-1.0-py3-none-any.whl"


@pytest.fixture
def wheel(tmp_path, monkeypatch) -> Path:
    """A wheel that pip finds, for a Python that is not the running one."""
    path = tmp_path / "index" / WHEEL
    path.parent.mkdir()
    metadata = "Metadata-Version: 2.1\nName: tiny-data\nVersion: 1.0\nRequires-Python: >=3.14\n"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_data/data.txt", "data")
        archive.writestr("tiny_data-1.0.dist-info/METADATA", metadata)
        archive.writestr("tiny_data-1.0.dist-info/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr("tiny_data-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_FIND_LINKS", str(path.parent))
    return path


def package(sha: str, **changes: str) -> PackageSource:
    settings = {"name": "tiny-data", "version": "1.0", "file": WHEEL, **changes}
    return PackageSource(
        kind="package", python_version="3.14", platform="any", sha256=sha, **settings, **ABOUT
    )


def test_package_comes_through_pip(wheel, folder):
    sha = sha256(wheel.read_bytes())
    assert sources.fetch(package(sha), folder) == {WHEEL: sha}
    assert (folder / WHEEL).read_bytes() == wheel.read_bytes()


def test_package_with_another_sha256_is_refused(wheel, folder):
    message = failure(package("0" * 64), folder)
    assert f"got {sha256(wheel.read_bytes())}" in message
    assert not list(folder.iterdir())


def test_package_with_another_file_name_is_refused(wheel, folder):
    message = failure(package(sha256(wheel.read_bytes()), file="other.whl"), folder)
    assert WHEEL in message and "other.whl" in message


def test_package_that_pip_cannot_find(folder):
    message = failure(package("0" * 64), folder)
    assert "tiny-data 1.0" in message and "No matching distribution" in message
    assert f"put {WHEEL} into files/" in message


def test_package_for_which_there_is_no_room(wheel, folder, monkeypatch):
    told = "ERROR: Exception:\nTraceback ...\nOSError: [Errno 28] No space left on device\n"
    failed = subprocess.CompletedProcess([], 2, stdout="", stderr=told)
    monkeypatch.setattr(sources.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(OSError, match="No space left on device") as raised:
        sources.fetch(package("0" * 64), folder)
    assert raised.value.filename == str(folder)


def test_package_from_the_mirror(folder, mirror):
    (mirror / "files" / WHEEL).write_bytes(CONTENT)
    assert sources.fetch(package(sha256(CONTENT)), folder) == {WHEEL: sha256(CONTENT)}


# ------------------------------------------------------------------------------------- hub


def write_rows(path: Path, *numbers: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.table({"number": pa.array(numbers, pa.int32())}), path)


def numbers(path: Path) -> list[int]:
    return pq.read_table(path).column("number").to_pylist()


def hub(name: str, sha256: str | None = None, config: str | None = None, **splits) -> HubSource:
    return HubSource(
        kind="hub",
        id=name,
        config=config,
        revision="main",
        columns=["number"],
        splits=splits,
        sha256=dict.fromkeys(splits, sha256),
        **ABOUT,
    )


def test_hub_split_from_the_mirror(folder, mirror):
    write_rows(mirror / "hub/some/data/test_2017.parquet", 1, 2)
    write_rows(mirror / "hub/some/data/train-00000-of-00002.parquet", 3, 4)
    write_rows(mirror / "hub/some/data/train-00001-of-00002.parquet", 5)
    fetched = sources.fetch(hub("some/data", test="test_2017", train="train"), folder)
    assert list(fetched) == ["test.parquet", "train.parquet"]
    assert numbers(folder / "test.parquet") == [1, 2]
    assert numbers(folder / "train.parquet") == [3, 4, 5]


@pytest.mark.parametrize("split", ["testing", "tset", "test_../../x", "valid"])
def test_hub_splits_have_names_of_ours(split):
    with pytest.raises(ValidationError, match="should"):
        hub("some/data", **{split: "train"})


def test_hub_splits_have_a_sha256_each_or_null():
    about = hub("some/data", train="train", test="test").model_dump()
    with pytest.raises(ValidationError, match="splits has train, test, but sha256 has train"):
        HubSource(**about | {"sha256": {"train": None}})


def test_rows_have_one_sha256_however_they_are_laid_out(tmp_path):
    rows = [{"a": 1, "b": {"bytes": b"\x00"}}, {"a": None, "b": None}]
    lines = [
        f'{{"a": 1, "b": {{"bytes": "{sha256(bytes(1))}"}}}}\n',
        '{"a": null, "b": null}\n',
    ]
    table = pa.Table.from_pylist(rows)
    for number, options in enumerate(({}, {"row_group_size": 1, "compression": "none"})):
        pq.write_table(table, tmp_path / f"{number}.parquet", **options)
        assert sources.rows_sha256(tmp_path / f"{number}.parquet") == sha256(
            "".join(lines).encode()
        )


def test_hub_split_with_other_rows_is_refused(folder, mirror, capsys):
    write_rows(mirror / "hub/some/data/de-en/train.parquet", 1, 2)
    right = sha256(b'{"number": 1}\n{"number": 2}\n')
    sources.fetch(hub("some/data", None, "de-en", train="train"), folder)
    assert (
        f"source.sha256.train = null; the sha256 of these rows is {right}"
        in capsys.readouterr().out
    )
    sources.fetch(hub("some/data", right, "de-en", train="train"), folder)
    assert capsys.readouterr().out == ""
    message = failure(hub("some/data", "0" * 64, "de-en", train="train"), folder)
    assert right in message and "source.sha256.train if you trust" in message


def test_hub_columns_that_are_not_asked_for_are_left_there(folder, mirror, tmp_path, hub_cache):
    table = pa.table({"other": ["x"], "number": pa.array([7], pa.int32())})
    for root in (mirror / "hub/some/data", tmp_path / "local"):
        root.mkdir(parents=True)
        pq.write_table(table, root / "train.parquet")
    for name in ("some/data", str(tmp_path / "local")):
        sources.fetch(hub(name, sha256(b'{"number": 7}\n'), train="train"), folder)
        assert pq.read_schema(folder / "train.parquet").names == ["number"]
    missing = hub("some/data", train="train").model_copy(update={"columns": ["numbr"]})
    assert "columns numbr of train cannot be joined" in failure(missing, folder)


def test_hub_split_with_a_missing_shard(folder, mirror):
    write_rows(mirror / "hub/some/data/train-00001-of-00002.parquet", 5)
    assert "1 of 2 shards" in failure(hub("some/data", train="train"), folder)


def test_hub_shards_that_do_not_fit(folder, mirror):
    write_rows(mirror / "hub/some/data/train-00000-of-00002.parquet", 5)
    other = mirror / "hub/some/data/train-00001-of-00002.parquet"
    pq.write_table(pa.table({"text": ["a"]}), other)
    assert "cannot be joined" in failure(hub("some/data", train="train"), folder)
    other.write_bytes(b"no parquet")
    assert "cannot be joined" in failure(hub("some/data", train="train"), folder)


@pytest.fixture
def hub_cache(tmp_path, monkeypatch):
    monkeypatch.setattr(datasets.config, "HF_DATASETS_CACHE", tmp_path / "cache")


def test_hub_split_through_datasets(folder, tmp_path, hub_cache):
    """The library opens a folder as it opens a data set of the hub."""
    rows = range(2500)
    write_rows(tmp_path / "some/data/train.parquet", *rows)
    write_rows(tmp_path / "some/data/validation.parquet", 7)
    source = hub(str(tmp_path / "some/data"), train="train", validation="validation")
    first = sources.fetch(source, folder)
    assert numbers(folder / "train.parquet") == list(rows)
    assert numbers(folder / "validation.parquet") == [7]
    assert sources.fetch(source, folder) == first


def test_hub_data_set_or_split_that_is_not_there(folder, tmp_path, hub_cache):
    missing = str(tmp_path / "nothing")
    assert f"hub data set {missing}, revision main" in failure(hub(missing, test="test"), folder)
    write_rows(tmp_path / "some/data/train.parquet", 1)
    message = failure(hub(str(tmp_path / "some/data"), test="tset"), folder)
    assert "split 'tset'" in message
    assert not list(folder.iterdir())


# ---------------------------------------------------------------------------------- folder


def test_folder_is_copied_file_by_file(folder, tmp_path):
    (tmp_path / "mine/below").mkdir(parents=True)
    (tmp_path / "mine/below/b.txt").write_bytes(b"b")
    (tmp_path / "mine/a.txt").write_bytes(b"a")
    source = FolderSource(kind="folder", path=str(tmp_path / "mine"), **ABOUT)
    expected = {"a.txt": sha256(b"a"), "below/b.txt": sha256(b"b")}
    assert sources.fetch(source, folder) == expected
    assert (folder / "below/b.txt").read_bytes() == b"b"


@pytest.mark.parametrize(
    ("stored", "copied"),
    [
        (b"F\xfcr Elise.mid", "F%FCr Elise.mid"),  # Latin-1
        (b"\x83\x7d/\x8am.png", "%83}/%8Am.png"),  # Shift JIS
        (b"two\nlines", "two%0Alines"),
        ("Für Elise, 100 %.mid".encode(), "Für Elise, 100 %.mid"),
    ],
)
def test_names_of_a_folder_that_are_not_utf_8_are_copied_in_hexadecimal(
    folder, tmp_path, stored, copied
):
    path = os.path.join(os.fsencode(tmp_path / "mine"), stored)
    os.makedirs(os.path.dirname(path))
    with open(path, "wb") as file:
        file.write(b"a")
    source = FolderSource(kind="folder", path=str(tmp_path / "mine"), **ABOUT)
    found = sources.fetch(source, folder)
    assert found == {copied: sha256(b"a")} and (folder / copied).read_bytes() == b"a"
    files.write_json(folder / "source.json", found)


def test_a_file_with_the_name_of_the_description_is_refused(folder, tmp_path):
    (mine := tmp_path / "mine").mkdir()
    (mine / "source.json").write_text("{}")
    (mine / "a.mid").write_bytes(b"a")
    source = FolderSource(kind="folder", path=str(mine), **ABOUT)
    assert failure(source, folder) == (
        f"source.path = {str(mine)!r}: source.json has the name of the file that describes the raw "
        "data; rename it"
    )
    assert not list(folder.iterdir())


def test_what_of_a_folder_is_no_file_is_counted_and_left_out(folder, tmp_path, capsys):
    mine = tmp_path / "mine"
    (mine / "deep/empty").mkdir(parents=True)
    (mine / "deep/a.mid").write_bytes(b"a")
    (mine / "b.mid").symlink_to("deep/a.mid")
    source = FolderSource(kind="folder", path=str(mine), **ABOUT)
    assert list(sources.fetch(source, folder)) == ["b.mid", "deep/a.mid"]
    assert capsys.readouterr().out == ""
    (mine / "c.mid").symlink_to("missing")
    (mine / "d").symlink_to("deep")
    os.mkfifo(mine / "deep/e.mid")
    again = tmp_path / "again"
    again.mkdir()
    assert list(sources.fetch(source, again)) == ["b.mid", "deep/a.mid"]
    assert capsys.readouterr().out == (
        f"source.path = {str(mine)!r}: 3 not copied, as links to folders or to nothing, or no "
        "files; the first is 'c.mid'\n"
    )


def test_two_names_of_a_folder_that_become_one_are_an_error(folder, tmp_path):
    (tmp_path / "mine").mkdir()
    for name in (b"\xfc", b"%FC"):
        with open(os.path.join(os.fsencode(tmp_path / "mine"), name), "wb"):
            pass
    source = FolderSource(kind="folder", path=str(tmp_path / "mine"), **ABOUT)
    assert "two files would be '%FC'" in failure(source, folder)


def test_folder_that_is_missing_or_empty(folder, tmp_path):
    source = FolderSource(kind="folder", path=str(tmp_path / "mine"), **ABOUT)
    assert "is not a folder" in failure(source, folder)
    (tmp_path / "mine").mkdir()
    assert "holds no file" in failure(source, folder)
