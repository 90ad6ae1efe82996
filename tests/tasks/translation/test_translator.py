import io
import os

import pytest
import torch

from models.build import build
from models.errors import SequenceError
from models.settings import Structure
from pipeline.tasks.translation import translator as translating
from pipeline.tasks.translation.codec import train
from pipeline.tasks.translation.settings import (
    Beam,
    Greedy,
    LetterCase,
    TranslationDecoding,
    TranslationSampling,
)
from pipeline.tasks.translation.translator import Translator
from tests.models.networks import LEARNED, SINUSOID, sequences, settings

TEXT = ["The light is on.", "The door is open.", "Turn the light off, please.", "Ein Haus."] * 3


BEAM = Beam(kind="beam", beam_size=4, length_penalty=0.6, n_best=1)
METHODS = {
    "beam": BEAM,
    "n-best": BEAM.model_copy(update={"n_best": 3}),
    "greedy": Greedy(kind="greedy"),
    "sampling": TranslationSampling(
        kind="sampling", seed=1, temperature=1.0, top_k=None, top_p=1.0
    ),
}


@pytest.fixture
def new_translator(tmp_path):
    """Translators of one untrained network, which read so many lines at once."""
    codec = train(TEXT, 290, tmp_path)
    shape = sequences(codec.size, codec.size)

    def new(
        batch_sentences: int, method=BEAM, positions=SINUSOID, case=LetterCase.KEPT
    ) -> Translator:
        torch.manual_seed(1)
        model = build(settings(Structure.ENCODER_DECODER, positions), shape).eval()
        decoding = TranslationDecoding(
            method=method, extra_length=3, batch_sentences=batch_sentences, search_grid=None
        )
        return Translator(model, codec, case, 12, decoding)

    return new


def texts(translator: Translator, lines: list[str]) -> list[str]:
    """The best translation of each line."""
    return [best.text for best, *_ in translator.lines([lines], silent)]


def silent(_: str) -> None:
    """No warning is looked at."""


def test_every_line_has_one_and_an_empty_one_is_empty(new_translator):
    lines = ["The light.\n", "\n", " \t\u2028 \n", "open\x0bdoor\r\n", "no end"]
    found = texts(new_translator(2), lines)
    assert len(found) == 5
    assert [bool(line) for line in found] == [True, False, False, True, True]
    assert not any("\n" in line for line in found)


def test_a_lower_cased_network_reads_small_letters(new_translator):
    lines = ["the light.", "THE LIGHT.", "The Light."]
    assert len(set(texts(new_translator(3, case=LetterCase.LOWER), lines))) == 1
    assert len(set(texts(new_translator(3), lines))) == 3


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_line_is_translated_alike_alone_and_in_a_batch_in_any_form(new_translator, method):
    lines = ["The light.", "Turn the door off, please.", "", "Ein  Haus. \r\n", "Ein Haus."]
    translator = new_translator(5, method)
    found = list(translator.lines([lines], silent))
    by_itself = translator.lines([[line] for line in lines], silent)
    for together, alone in zip(found, by_itself, strict=True):
        assert [each.text for each in together] == [each.text for each in alone]
        assert [each.score for each in together] == pytest.approx([each.score for each in alone])
    assert len({best.text for best, *_ in found}) == 4
    assert found[3] == found[4]
    assert found[2] == [("", 0.0)]


def test_the_n_best_are_the_best_and_those_after_it(new_translator):
    lines = ["The light.", "Turn the door off, please."]
    several = list(new_translator(2, METHODS["n-best"]).lines([lines], silent))
    assert [found[0].text for found in several] == texts(new_translator(2), lines)
    for found in several:
        assert len(found) == 3
        assert [each.score for each in found] == sorted((s for _, s in found), reverse=True)


def test_a_batch_is_translated_before_the_next_is_read(new_translator):
    read = []

    def source():
        for number in range(3):
            read.append(number)
            yield ["The light.", "Ein Haus."]

    found = new_translator(2).lines(source(), silent)
    assert [(len(next(found)), list(read)) for _ in range(3)] == [(1, [0]), (1, [0]), (1, [0, 1])]
    assert len(list(found)) == 3


def test_a_line_longer_than_those_of_training_is_warned_about_and_not_cut(new_translator):
    long = "Turn the light off, please. " * 4
    warnings: list[str] = []
    translator = new_translator(2)
    found = list(translator.lines([["Ein Haus.", ""], [long]], warnings.append))
    assert [text.split(" has ")[0] for text in warnings] == ["line 3"]
    assert "longest in training 12" in warnings[0]
    assert found[2][0].text != texts(translator, [long[:40]])[0]


def test_a_line_longer_than_the_positions_that_are_learned_is_refused(new_translator):
    batches = [["Ein Haus."], ["Turn it off. " * 9]]
    found = new_translator(1, positions=LEARNED).lines(batches, silent)
    assert len(next(found)) == 1
    with pytest.raises(SequenceError, match=r"max_length = 24; choose a larger one and train"):
        next(found)


def test_bytes_that_are_no_text_lose_no_line(monkeypatch):
    raw = io.BytesIO(b"one\r\ntwo\xff\xc3\n\nthree\xe2\x80\xa8four\rfive")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw))
    batches = [["one\r", "two\ufffd\ufffd"], [""], ["three\u2028four\rfive"]]
    assert list(translating._input(2)) == batches


def test_a_line_of_any_length_is_read_whole(monkeypatch):
    long = "für " * 100_000
    raw = io.BytesIO(f"{long}\n\n{long}\n".encode())
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(raw))
    assert [line for batch in translating._input(64) for line in batch] == [long, "", long]


def test_lines_that_are_there_do_not_wait_for_others(monkeypatch):
    read_end, write_end = os.pipe()
    with os.fdopen(read_end) as stdin, os.fdopen(write_end, "wb", buffering=0) as other:
        monkeypatch.setattr("sys.stdin", stdin)
        batches = translating._input(64)
        for line in (b"one\n", b"two\nthree\nfo"):
            other.write(line)
            found = next(batches)
        assert found == ["two", "three"]
        other.write(b"ur\n")
        assert next(batches) == ["four"]
