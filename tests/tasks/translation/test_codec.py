import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from pipeline.encoding import pieces as learned
from pipeline.errors import ConfigError, DataError
from pipeline.tasks.translation import codec
from pipeline.tasks.translation.codec import BOS, EOS, PAD, UNK, Codec
from pipeline.tasks.translation.encoding.codec_files import train

SENTENCES = ["the lamp is on", "the lamp is off", "die Lampe ist an", "die Lampe ist aus"] * 5


@pytest.fixture(scope="module")
def pieces(tmp_path_factory) -> Codec:
    return train(SENTENCES, 300, tmp_path_factory.mktemp("codec"))


@given(st.text())
@example("")
@example("  two  spaces \n\t ")
@example("🔘 <s> </s> <unk> <0x0A> \x00 ⁇")
@example("Ä\u0308 \u00a0 \u2028")
def test_decode_inverts_encode(pieces, text):
    text = text.replace("\u2581", "")
    ids = pieces.encode(text)
    assert pieces.decode(ids) == text
    assert not {PAD, UNK, BOS, EOS} & set(ids)


def test_the_one_exception_is_the_sign_for_a_space(pieces):
    assert pieces.decode(pieces.encode("a\u2581b")) == "a b"


def test_special_ids_come_first_and_are_silent(pieces):
    assert pieces.vocabulary()[:4] == ["<pad>", "<unk>", "<s>", "</s>"]
    assert pieces.decode([BOS, *pieces.encode("the lamp"), EOS, PAD]) == "the lamp"
    assert pieces.size == len(pieces.vocabulary()) == 300


def test_known_ids(pieces):
    assert [pieces.vocabulary()[index] for index in pieces.encode("the lamp ☎")] == [
        "▁the",
        "▁lamp",
        "▁",
        "<0xE2>",
        "<0x98>",
        "<0x8E>",
    ]


def test_files_have_the_same_bytes_in_any_folder(tmp_path, monkeypatch):
    for name in ("here", "there/and/deeper"):
        folder = tmp_path / name
        folder.mkdir(parents=True)
        monkeypatch.chdir(folder)
        train(SENTENCES, 300, folder)
    for name in (codec.MODEL, codec.VOCABULARY):
        assert (tmp_path / "here" / name).read_bytes() == (folder / name).read_bytes()
    assert Codec.load(folder).encode("the lamp") == Codec.load(tmp_path / "here").encode("the lamp")


def test_an_impossible_vocabulary_names_the_parameter(tmp_path):
    for size in (100, 5000):
        with pytest.raises(ConfigError, match=f"encoding.vocabulary_size = {size}"):
            train(SENTENCES, size, tmp_path)
    assert not list(tmp_path.iterdir())


def test_a_missing_or_damaged_model(tmp_path):
    with pytest.raises(DataError, match="no such file"):
        Codec.load(tmp_path)
    (tmp_path / codec.MODEL).write_bytes(b"damaged")
    with pytest.raises(DataError, match="not a SentencePiece model"):
        Codec.load(tmp_path)


def test_the_ids_are_those_that_are_learned():
    assert (PAD, UNK, BOS, EOS) == (learned.PAD, learned.UNK, learned.BOS, learned.EOS)
