"""Texts to passages with classes: what is cut, dropped, split and counted."""

import numpy as np
import pytest

from pipeline.corpus import read_clusters, read_sequences
from pipeline.encoding import pieces
from pipeline.encoding.near_duplicates import JaccardIndex
from pipeline.encoding.records import Skipped
from pipeline.encoding.words import tokens
from pipeline.errors import ConfigError, DataError
from pipeline.files import read_json
from pipeline.tasks.classification.codec import (
    BOS,
    CLASS,
    EOS,
    MASK,
    PAD,
    SPECIAL,
    TOKENS,
    UNLABELLED,
    Codec,
)
from pipeline.tasks.classification.codec.passages import Passage, read_passages
from pipeline.tasks.classification.encoding.cut import passages
from pipeline.tasks.classification.encoding.encode import Reason, encode
from pipeline.tasks.classification.encoding.read import Page, read
from pipeline.tasks.classification.settings import ClassificationReader
from tests.encoding.debs import deb
from tests.tasks.classification.texts import ENCODING, encoded_in, words, write_texts

HELP = "usr/share/libreoffice/help/en-US/text"


def test_paragraphs_are_joined_to_passages_of_enough_words():
    paragraphs = ["one two", " ", "three  four\nfive", "six", "seven eight nine ten", "e\u0301"]
    assert [*passages(paragraphs, 4)] == [
        "one two three four five",
        "six seven eight nine ten",
        "\u00e9",
    ]
    assert [*passages(["one two three"], 2)] == ["one two three"]
    assert [*passages([], 2)] == []


def test_pages_of_help_are_in_the_folder_of_their_program(tmp_path):
    files = {
        f"{HELP}/swriter/guide/page.html": b'<h1 id="hd_1">Title</h1><p id="par_2">A text</p>',
        f"{HELP}/scalc/main.html": b'<p id="par_1">\xff</p>',
        f"{HELP}/shared/main.html": b'<p id="par_1">For all</p>',
        "usr/share/doc/page.html": b'<p id="par_1">Elsewhere</p>',
    }
    (tmp_path / "libreoffice-help-en-us_1.0_all.deb").write_bytes(deb(files))
    first, second, third = read(tmp_path, ClassificationReader.LIBREOFFICE_HELP)
    assert isinstance(first, Skipped) and first.record == "scalc/main"
    assert second == Page("shared/main", "shared", ["For all"])
    assert third == Page("swriter/guide/page", "swriter", ["Title", "A text"])


def test_files_of_text_are_in_folders_of_their_classes(tmp_path):
    (tmp_path / "a" / "deeper").mkdir(parents=True)
    (tmp_path / "a" / "deeper" / "one.txt").write_bytes(b"\xef\xbb\xbfFirst\r\n\r\nSecond")
    (tmp_path / "a" / "two.txt").write_bytes(b"\xff")
    (tmp_path / "three.txt").write_text("No class")
    (tmp_path / "a" / "image.png").write_text("no text")
    one, three_of_a, three = read(tmp_path, ClassificationReader.TEXT_FOLDERS)
    assert one == Page("a/deeper/one.txt", "a", ["First", "Second"])
    assert three_of_a.record == "a/two.txt" and "not valid UTF-8" in three_of_a.reason
    assert three == Page("three.txt", "", ["No class"])


def test_without_texts_nothing_is_read(tmp_path):
    with pytest.raises(DataError, match=r"no \.txt file in it"):
        read_all = read(tmp_path, ClassificationReader.TEXT_FOLDERS)
        next(read_all)


def test_splits_share_no_page_and_have_every_class(tmp_path):
    encoded = encoded_in(tmp_path)
    splits = {split: read_passages(encoded, split) for split in ("train", "validation", "test")}
    pages = {split: {each.page for each in members} for split, members in splits.items()}
    assert {split: len(each) for split, each in pages.items()} == {
        "train": 18,
        "validation": 6,
        "test": 6,
    }
    assert len(set.union(*pages.values())) == 30
    for split, members in splits.items():
        assert {passage.number for passage in members} == {0, 1, 2}
        numbers = [passage.number for passage in members]
        assert read_sequences(encoded, split, CLASS).rows()[:, 0].tolist() == numbers
        if split != "train":
            assert read_clusters(encoded, split) == [passage.page for passage in members]


def test_ids_are_those_of_the_texts_up_to_the_largest_number(tmp_path):
    encoded = encoded_in(tmp_path, ENCODING.model_copy(update={"max_pieces": 9}))
    codec = Codec.load(encoded)
    for passage, ids in zip(
        read_passages(encoded, "test"), read_sequences(encoded, "test", TOKENS), strict=True
    ):
        assert ids.tolist() == codec.encode(passage.text)[:9]
        assert passage.text.startswith("".join(codec.texts(ids)).strip())
        assert PAD not in ids


def test_the_pieces_are_learned_without_held_out_text(tmp_path):
    """A word that is often in test pages and in no other is no piece."""
    encoded = encoded_in(tmp_path)
    held_out = {each.page for each in read_passages(encoded, "test")}
    other = tmp_path / "other"
    write_texts(other / "raw")
    for page in held_out:
        path = other / "raw" / page
        path.write_text(path.read_text() + "\n\n" + " ".join(["zzzzzz"] * 9 + [words_of(page)]))
    (other / "encoded").mkdir()
    encode(other / "raw", other / "encoded", ENCODING)
    assert {each.page for each in read_passages(other / "encoded", "test")} == held_out
    model = (other / "encoded" / "pieces.model").read_bytes()
    assert model == (encoded / "pieces.model").read_bytes()


def words_of(page: str) -> str:
    """Words that are the page's own, so that it is no near twin."""
    return words(np.random.default_rng([*page.encode()]), 20)


def test_what_is_short_repeated_or_of_several_classes_is_dropped(tmp_path):
    raw, encoded = tmp_path / "raw", tmp_path / "encoded"
    encoded.mkdir()
    write_texts(raw)
    (raw / "calc" / "twice.txt").write_text("Same words in two of the files\n\nToo short")
    (raw / "calc" / "again.txt").write_text("Same words in two of the files")
    for program in ("draw", "write"):
        (raw / program / "both.txt").write_text("These words are about two of the programs")
    facts = encode(raw, encoded, ENCODING)
    assert facts["dropped"] == {
        Reason.SHORT: 1,
        Reason.REPEATED: 1,
        Reason.SEVERAL_CLASSES: 2,
        Reason.NEAR_DUPLICATE: 0,
    }
    assert sum(counts["records"] for counts in facts["splits"].values()) == 61
    assert facts["passages_by_class"]["draw"] == {"train": 12, "validation": 4, "test": 4}


def test_near_twins_of_held_out_passages_are_in_no_other_split(tmp_path):
    raw, encoded = tmp_path / "raw", tmp_path / "encoded"
    encoded.mkdir()
    write_texts(raw)
    for path in sorted(raw.rglob("*.txt")):  # each page has a near twin of its own class
        twin = path.with_name(f"twin_of_{path.name}")
        twin.write_text(path.read_text().replace(".", " more."))
        (raw / f"{path.parent.name}_{path.name}").write_text(path.read_text() + "!")
    facts = encode(raw, encoded, ENCODING)
    assert facts["dropped"][Reason.NEAR_DUPLICATE] > 0
    held_out = JaccardIndex(0.7)
    for split in ("test", "validation", "train", UNLABELLED):
        texts = [tokens(passage.text) for passage in read_passages(encoded, split)]
        assert not any(map(held_out.has_similar, texts))
        if split in ("test", "validation"):
            held_out.add(texts)


def test_texts_without_a_class_are_a_split_of_their_own(tmp_path):
    write_texts(tmp_path / "raw")
    text = words(np.random.default_rng(5), 12)
    (tmp_path / "raw" / "other.txt").write_text(text)
    encoded = tmp_path / "encoded"
    encoded.mkdir()
    facts = encode(tmp_path / "raw", encoded, ENCODING)
    assert read_passages(encoded, UNLABELLED) == [Passage("other.txt", text, -1)]
    assert facts["splits"][UNLABELLED]["records"] == 1
    assert not (encoded / "unlabelled.class.ids.npy").exists()


def test_a_class_without_a_page_is_refused(tmp_path):
    write_texts(tmp_path / "raw")
    wrong = ENCODING.model_copy(update={"classes": ["calc", "impress"]})
    with pytest.raises(ConfigError, match="encoding.classes: no page is in 'impress'; folders are"):
        encode(tmp_path / "raw", tmp_path, wrong)


def test_the_same_texts_give_the_same_bytes(tmp_path):
    folders = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        folders.append(encoded_in(tmp_path / name))
    for path in folders[0].iterdir():
        assert path.read_bytes() == (folders[1] / path.name).read_bytes()
    assert read_json(folders[0] / "manifest.json")["shape"]["layout"] == {
        "kind": "passage",
        "classes": 3,
    }


def test_special_ids_are_those_of_the_pieces_and_no_text_has_them(tmp_path):
    assert (PAD, MASK, BOS, EOS) == (pieces.PAD, pieces.UNK, pieces.BOS, pieces.EOS)
    codec = Codec.load(encoded_in(tmp_path))
    for text in ("cell", "\N{SNOWMAN} \u4e2d \x00", "<unk> <s> </s> <pad>", "a\u0301"):
        assert min(codec.encode(text)) >= SPECIAL
