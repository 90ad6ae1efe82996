"""Parallel text in plain files."""

import pytest

from pipeline.encoding.records import Skipped
from pipeline.errors import DataError
from pipeline.tasks.translation.encoding.read import Pair, TextFiles
from pipeline.tasks.translation.encoding.text_files import find_languages

PAIRS = [(f"Satz {number} für alle", f"Sentence {number} for all") for number in range(120)]


def write(folder, files: dict[str, bytes]):
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return folder


def side(index: int, end: str = "\n") -> bytes:
    return "".join(f"{pair[index]}{end}" for pair in PAIRS).encode()


def read(folder, source: str = "de", target: str = "en") -> list[Pair]:
    """All pairs, the blocks read from the last to the first."""
    text = TextFiles(folder, source, target)
    blocks = [list(text.records(group)) for group in reversed(text.groups)]
    assert [len(block) for block in blocks] == [20, 50, 50]
    records = [record for block in reversed(blocks) for record in block]
    assert len({record.cluster for record in records}) == 3
    return [Pair(*(text.strip() for text in pair)) for record in records for pair in record.pairs]


TABLE = "".join(f"{first}\t{second}\tnote\n" for first, second in PAIRS).encode()
FORMS = {
    "names": {"corpus.de": side(0), "corpus.en": side(1)},
    "languages": {"de.txt": side(0), "en.txt": side(1)},
    "mark and Windows' ends": {"de": b"\xef\xbb\xbf" + side(0, "\r\n"), "en": side(1)},
    "no end": {"a.de": side(0)[:-1], "a.en": side(1)},
    "table": {"de-en.tsv": TABLE},
    "named table with a mark": {"my_corpus.de-en.tsv": b"\xef\xbb\xbf" + TABLE},
}


@pytest.mark.parametrize("files", FORMS.values(), ids=FORMS)
def test_every_form_holds_the_same_pairs(tmp_path, files):
    write(tmp_path, files | {"source.json": b"{}", "README.md": b"notes"})
    assert read(tmp_path) == PAIRS
    assert find_languages(tmp_path)[0] == ("de", "en")


def test_two_texts_are_read_in_either_direction_and_a_table_in_its_own(tmp_path):
    write(tmp_path, FORMS["names"])
    assert read(tmp_path, "en", "de") == [pair[::-1] for pair in PAIRS]
    (tmp_path / "table").mkdir()
    with pytest.raises(DataError, match="nor one en-de.tsv"):
        TextFiles(write(tmp_path / "table", FORMS["table"]), "en", "de")


def test_a_line_that_cannot_be_read_is_skipped_with_its_number(tmp_path):
    write(tmp_path, {"de-en.tsv": b"one\teins\nno tab\n\xff\tzwei\nthree\tdrei\n"})
    text = TextFiles(tmp_path, "de", "en")
    first, second, third, fourth = text.records("0")
    assert [first.pairs, fourth.pairs] == [[("one", "eins\n")], [("three", "drei\n")]]
    assert second == Skipped("line 2", "no tab between the two languages")
    assert isinstance(third, Skipped) and third.record == "line 3"
    assert third.reason.startswith("not valid UTF-8")


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({}, "neither two texts <name>.de and <name>.en nor one de-en.tsv; name"),
        ({"a.de": b"", "a.fr": b""}, "neither two texts"),
        ({"a.de": b"", "a.en": b"", "b.de": b"", "b.en": b""}, "neither two texts"),
        ({"a.de": b"", "a.en": b"", "de-en.tsv": b""}, "neither two texts"),
        ({"a.de": b"one\ntwo\n", "a.en": b"one\n"}, "a.de has 2 lines and a.en has 1 lines; line"),
        *(
            ({"a.de": "\ufefffür".encode(encoding), "a.en": b"for"}, f"a.de: {name}; convert it: ")
            for encoding, name in (
                ("utf-16-le", "UTF-16"),
                ("utf-16-be", "UTF-16"),
                ("utf-32-le", "UTF-32"),
                ("utf-32-be", "UTF-32"),
            )
        ),
    ],
)
def test_files_that_do_not_fit_are_refused_in_one_line(tmp_path, files, message):
    with pytest.raises(DataError, match=message) as refused:
        TextFiles(write(tmp_path, files), "de", "en")
    assert "\n" not in str(refused.value)
