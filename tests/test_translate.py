import io

import pytest
import torch

from models.settings import Architecture, DataShape
from models.transformer import build
from pipeline import translate
from pipeline.tasks.translation.codec import train
from pipeline.tasks.translation.settings import TranslationDecoding
from pipeline.translate import Translator
from tests.models.networks import settings

TEXT = ["The light is on.", "The door is open.", "Turn the light off, please.", "Ein Haus."] * 3


@pytest.fixture
def new_translator(tmp_path):
    """Translators of one untrained network, which read so many lines at once."""
    codec = train(TEXT, 290, tmp_path)
    shape = DataShape.sequence(codec.size, codec.size)
    torch.manual_seed(1)
    model = build(settings(Architecture.ENCODER_DECODER), shape).eval()

    def new(batch_sentences: int) -> Translator:
        decoding = TranslationDecoding(
            beam_size=2, length_penalty=0.6, extra_length=3, batch_sentences=batch_sentences
        )
        return Translator(model, codec, 12, decoding)

    return new


def silent(_: str) -> None:
    """No warning is looked at."""


def test_every_line_has_one_and_an_empty_one_is_empty(new_translator):
    lines = ["The light.\n", "\n", " \t\u2028 \n", "open\x0bdoor\r\n", "no end"]
    found = list(new_translator(2).lines(lines, silent))
    assert len(found) == 5
    assert [bool(line) for line in found] == [True, False, False, True, True]
    assert not any("\n" in line for line in found)


def test_a_line_is_translated_alike_alone_and_in_a_batch_in_any_form(new_translator):
    lines = ["The light.", "Turn the door off, please.", "", "Ein  Haus. \r\n", "Ein Haus."]
    found = list(new_translator(5).lines(lines, silent))
    assert found == list(new_translator(1).lines(lines, silent))
    assert len(set(found)) == 4
    assert found[3] == found[4]


def test_no_more_than_a_batch_is_read_ahead(new_translator):
    read = []

    def source():
        for number in range(9):
            read.append(number)
            yield "The light."

    found = new_translator(3).lines(source(), silent)
    next(found)
    assert read == [0, 1, 2]
    assert len(list(found)) == 8


def test_a_line_longer_than_those_of_training_is_warned_about_and_not_cut(new_translator):
    long = "Turn the light off, please. " * 4
    warnings: list[str] = []
    translator = new_translator(2)
    found = list(translator.lines(["Ein Haus.", "", long], warnings.append))
    assert [text.split(" has ")[0] for text in warnings] == ["line 3"]
    assert "longest in training 12" in warnings[0]
    assert found[2] != list(translator.lines([long[:40]], silent))[0]


def test_bytes_that_are_no_text_lose_no_line(monkeypatch):
    raw = io.BytesIO(b"one\r\ntwo\xff\xc3\nthree\xe2\x80\xa8four\rfive")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw))
    assert list(translate._input()) == ["one\r\n", "two\ufffd\ufffd\n", "three\u2028four\rfive"]
