"""Packages of LibreOffice's help in two languages, made up, to sentence pairs and to splits."""

import re

import pytest
from pydantic import ValidationError

from pipeline.encoding.records import Skipped
from pipeline.errors import DataError
from pipeline.settings.base import Splits
from pipeline.tasks.translation.encoding.encode import encode
from pipeline.tasks.translation.encoding.read import Pair, Record, open_text
from pipeline.tasks.translation.settings import TranslationEncoding, TranslationReader
from tests.encoding.debs import deb

PACKAGES = {"en-US": "libreoffice-help-en-us_1.0_all.deb", "de": "libreoffice-help-de_1.0_all.deb"}


@pytest.fixture
def encoding(encoding):
    return encoding.model_copy(update={"reader": TranslationReader.LIBREOFFICE_HELP})


@pytest.fixture
def write_help(tmp_path):
    """Write both packages; a page is the texts of its paragraphs by id, or bytes as they are."""

    def write(english, german):
        raw = tmp_path / "raw"
        raw.mkdir(exist_ok=True)
        for (language, package), pages in zip(PACKAGES.items(), (english, german), strict=True):
            folder = f"usr/share/libreoffice/help/{language}"
            files = {f"{folder}/text/{name}.html": html(page) for name, page in pages.items()}
            (raw / package).write_bytes(
                deb({f"{folder}/index.html": html({"par_0": "No"})} | files)
            )
        return raw

    return write


def html(page: dict[str, str] | bytes) -> bytes:
    if isinstance(page, bytes):
        return page
    return "".join(f'<p id="{name}">{text}</p>\n' for name, text in page.items()).encode()


def everything(text) -> list[Record | Skipped]:
    return [record for group in text.groups for record in text.records(group)]


def test_sentences_are_paired_by_the_ids_of_their_paragraphs(write_help, encoding):
    english = {"hd_1": "Page", "par_2": "One. Two.", "par_3": "Only here", "par_5": "See it."}
    german = {"par_5": "Das. Jetzt.", "par_2": "Eins. Zwei.", "hd_1": "Seite", "par_4": "Nur hier"}
    raw = write_help(
        {"swriter/guide/page": english, "scalc/main": {"par_1": "A <b>table</b>"}},
        {"swriter/guide/page": german, "scalc/main": {"par_1": "Eine  <i>Tabelle</i>"}},
    )
    assert everything(open_text(raw, encoding)) == [
        ("scalc/main", [("A table", "Eine Tabelle")]),
        (
            "swriter/guide/page",
            [("Page", "Seite"), ("One.", "Eins."), ("Two.", "Zwei."), ("See it.", "Das. Jetzt.")],
        ),
    ]


def test_pages_in_one_language_only_are_left_out(write_help, encoding):
    page = {"par_1": "a"}
    raw = write_help({"a": page, "b": page}, {"b": page, "c": page})
    assert open_text(raw, encoding).groups == ["b"]
    raw = write_help({"a": page}, {"c": page})
    with pytest.raises(DataError, match="no page of help is in both en and de"):
        open_text(raw, encoding)


def test_unreadable_pages_are_skipped_with_the_reason(write_help, encoding):
    page = {"par_1": "a"}
    raw = write_help(
        {"a": page, "b": page, "c": b" " * (1 << 24) + b" "},
        {"a": b'<p id="par_1">\xff', "b": page, "c": page},
    )
    first, second, third = everything(open_text(raw, encoding))
    assert first.record == "a" and first.reason.startswith("the page in de is not valid UTF-8 (")
    assert second == Record("b", [Pair("a", "a")])
    assert third == Skipped("c", "the page in en-US is larger than 16777216 bytes")


def test_packages_that_do_not_serve(write_help, encoding):
    raw = write_help({"a": {"par_1": "a"}}, {"a": {"par_1": "b"}})
    french = encoding.model_copy(update={"target_language": "fr"})
    with pytest.raises(DataError, match=re.escape("one archive libreoffice-help-fr[-_]*.deb")):
        open_text(raw, french)
    package = raw / PACKAGES["de"]
    whole = package.read_bytes()
    for content in (b"PK", whole[:-9], whole[:90], whole.replace(b"7zXZ", b"7zXY")):
        package.write_bytes(content)
        with pytest.raises(DataError, match=f"{PACKAGES['de']}: cannot be read") as raised:
            open_text(raw, encoding)
        assert "\n" not in str(raised.value)


def test_shares_of_the_splits_are_needed(encoding):
    with pytest.raises(ValidationError, match="reader = libreoffice_help comes unsplit"):
        TranslationEncoding(**encoding.model_dump() | {"splits": None})


NUMBERS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
ZAHLEN = ["null", "eins", "zwei", "drei", "vier", "fünf", "sechs", "sieben", "acht", "neun"]


def words(number: int, digits: list[str]) -> str:
    return " ".join(digits[int(digit)] for digit in f"{number:03}")


def many_pages(count: int) -> tuple[dict, dict]:
    """Pages of a sentence of their own and one that all have, in both languages."""
    return tuple(
        {
            f"swriter/{page:03}": {
                "par_1": f"{words(page, digits)} {of_all}.",
                "par_2": f"{of_all.title()} {of_all} {of_all}.",
            }
            for page in range(count)
        }
        for digits, of_all in ((NUMBERS, "help"), (ZAHLEN, "hilfe"))
    )


def test_pages_are_split_and_what_they_share_is_kept_once(write_help, encoding, tmp_path):
    raw = write_help(*many_pages(60))
    update = {
        "splits": Splits(validation=0.1, test=0.2, seed=1),
        "near_twin_similarity": 1.0,
        "vocabulary_size": 290,
    }
    encodings = []
    for name in ("first", "again"):
        (tmp_path / name).mkdir()
        manifest = encode(raw, tmp_path / name, encoding.model_copy(update=update))
        files = sorted((tmp_path / name).iterdir())
        encodings.append({path.name: path.read_bytes() for path in files})
    assert encodings[0] == encodings[1]
    groups = {split: counts["groups"] for split, counts in manifest["splits"].items()}
    assert groups == {"test": 12, "validation": 6, "train": 42}
    texts = {split: (tmp_path / f"first/{split}.source.txt").read_text() for split in groups}
    assert texts["test"].count("Help help help.") == 1
    assert "Help help help." not in texts["validation"] + texts["train"]
    assert manifest["records_read"] == 60 and manifest["skipped_records"] == 0
