from pathlib import Path

import pytest
import torch

from models.build import build
from models.settings import Blockwise, Structure
from pipeline import config
from pipeline.errors import DataError
from pipeline.tasks.translation import translator as translating
from pipeline.tasks.translation.command import with_decoding
from pipeline.tasks.translation.decoding import decode
from pipeline.tasks.translation.decoding.beam import Hypothesis, search
from pipeline.tasks.translation.decoding.decode import passes_of
from pipeline.tasks.translation.encoding.codec_files import train
from pipeline.tasks.translation.engine import Engine
from pipeline.tasks.translation.settings import (
    Beam,
    Greedy,
    LetterCase,
    TranslationDecoding,
    TranslationSampling,
)
from pipeline.tasks.translation.translator import (
    EMPTY,
    Translation,
    Translator,
    longest_line,
    own_search,
)
from tests.models.networks import LEARNED, SINUSOID, sequences, settings

PARAMS = Path(__file__).parents[3] / "params.yaml"
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
    """Translators of one untrained network, whose batches have so many tokens."""
    codec = train(TEXT, 290, tmp_path)
    shape = sequences(codec.size, codec.size)

    def new(
        batch_tokens: int = 1000, method=BEAM, positions=SINUSOID, case=LetterCase.KEPT
    ) -> Translator:
        torch.manual_seed(1)
        model = build(settings(Structure.ENCODER_DECODER, positions), shape).eval()
        decoding = TranslationDecoding(
            method=method,
            extra_length=3,
            batch_tokens=batch_tokens,
            search_grid=None,
            other_searches={},
        )
        limit = longest_line(model, decoding.extra_length, Engine.OWN)
        return Translator(own_search(model, decoding), codec, case, 12, limit)

    return new


def texts(translator: Translator, lines: list[str]) -> list[str]:
    """The best translation of each line."""
    return [best.text for best, *_ in translator.lines([lines], silent)]


def silent(_: str) -> None:
    """No warning is looked at."""


def test_what_each_pass_added_makes_the_translation(tmp_path):
    """The last pass may add the end alone, which has no text."""
    codec = train(TEXT, 290, tmp_path)
    ids = codec.encode("Turn the light off, please.")
    sizes = [1, 3, 2, len(ids) - 6, 1]
    passes = passes_of(Hypothesis(ids, -1.0, sizes), codec)
    assert "".join(each["text"] for each in passes) == "Turn the light off, please."
    assert [each["tokens"] for each in passes] == sizes and passes[-1]["text"] == ""
    assert passes_of(Hypothesis(ids, -1.0), codec) == []


def test_the_command_chooses_a_greedy_method_that_the_network_has():
    run = config.run_of(config.load(PARAMS), "translation_sinusoid")
    assert with_decoding(run, "greedy").decoding.method == Greedy(kind="greedy")
    with pytest.raises(ValueError, match="decoding.method.kind = blockwise needs the proposals of"):
        with_decoding(run, "blockwise")
    proposals = Blockwise(kind="blockwise", proposals=2, d_hidden=4)
    with_proposals = run.model_copy(
        update={"model": run.model.model_copy(update={"output": proposals})}
    )
    assert with_decoding(with_proposals, "blockwise").decoding.method.kind == "blockwise"


def test_every_line_has_one_and_an_empty_one_is_empty(new_translator):
    lines = ["The light.\n", "\n", " \t\u2028 \n", "open\x0bdoor\r\n", "no end"]
    found = texts(new_translator(), lines)
    assert len(found) == 5
    assert [bool(line) for line in found] == [True, False, False, True, True]
    assert not any("\n" in line for line in found)


def test_a_byte_order_mark_changes_nothing_and_what_nobody_sees_is_empty(new_translator):
    marked = texts(new_translator(), ["\ufeffThe light.\u200b"])
    assert marked == texts(new_translator(), ["The light."])
    assert texts(new_translator(), ["\u200b", "\ufeff", "\u00ad\u200d"]) == ["", "", ""]


def test_a_lower_cased_network_reads_small_letters(new_translator):
    lines = ["the light.", "THE LIGHT.", "The Light."]
    assert len(set(texts(new_translator(case=LetterCase.LOWER), lines))) == 1
    assert len(set(texts(new_translator(), lines))) == 3


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_a_line_is_translated_alike_alone_and_in_a_batch_in_any_form(new_translator, method):
    lines = ["The light.", "Turn the door off, please.", "", "Ein  Haus. \r\n", "Ein Haus."]
    translator = new_translator(method=method)
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
    several = list(new_translator(method=METHODS["n-best"]).lines([lines], silent))
    assert [found[0].text for found in several] == texts(new_translator(), lines)
    for found in several:
        assert len(found) >= 3 and len({each.text for each in found}) == len(found)
        assert [each.score for each in found] == sorted((s for _, s in found), reverse=True)


@pytest.mark.parametrize(
    ("n_best", "told"), [(2, ""), (3, "line 7 has 2 different translations, ")]
)
def test_fewer_different_translations_than_asked_for_are_told(n_best, told, capsys):
    found = [Translation("Licht", -0.5), Translation("Das Licht", -1.25)]
    translating._print(7, found, n_best)
    said = capsys.readouterr()
    assert said.out == "7 ||| Licht ||| -0.5000\n7 ||| Das Licht ||| -1.2500\n"
    assert said.err.startswith(told) and bool(said.err) == bool(told)
    translating._print(8, EMPTY, n_best)
    assert capsys.readouterr() == ("8 |||  ||| 0.0000\n", "")


def test_a_window_is_translated_before_the_next_is_read(new_translator):
    read = []

    def source():
        for number in range(3):
            read.append(number)
            yield ["The light.", "Ein Haus."]

    found = new_translator().lines(source(), silent)
    assert [(len(next(found)), list(read)) for _ in range(3)] == [(1, [0]), (1, [0]), (1, [0, 1])]
    assert len(list(found)) == 3


@pytest.fixture
def searched(monkeypatch):
    """The lengths of the sources of each batch that is searched, EOS included."""
    batches = []

    def counting(model, sources, *arguments):
        batches.append([len(source) for source in sources])
        return search(model, sources, *arguments)

    monkeypatch.setattr(decode, "search", counting)
    return batches


def test_short_lines_do_not_wait_for_a_long_one_after_them(new_translator, searched):
    long = "Turn the light off, please. " * 40
    lines = ["Ein Haus."] * 3 + [long] + ["Turn it off."] * 4
    found = new_translator(batch_tokens=400).lines([lines], silent)
    short = [next(found) for _ in range(3)]
    assert len(searched) == 1 and max(searched[0]) < 20
    rest = list(found)
    assert [len(batch) for batch in searched] == [7, 1]
    alone = texts(new_translator(), ["Ein Haus.", "Turn it off."])
    assert [best.text for best, *_ in short] == [alone[0]] * 3
    assert [best.text for best, *_ in rest[1:]] == [alone[1]] * 4


def test_a_batch_has_at_most_so_many_tokens_of_every_hypothesis(new_translator, searched):
    lines = [word * count for count in range(1, 9) for word in ("Haus ", "light ")]
    for method, beam_size in ((BEAM, 4), (METHODS["greedy"], 1)):
        texts(new_translator(batch_tokens=160, method=method), lines)
        assert sum(map(len, searched)) == len(lines)
        several = [batch for batch in searched if len(batch) > 1]
        assert all(len(batch) * max(batch) * beam_size <= 160 for batch in several)
        assert len(several) > 1
        searched.clear()


def test_a_line_longer_than_those_of_training_is_warned_about_and_not_cut(new_translator):
    long = "Turn the light off, please. " * 4
    warnings: list[str] = []
    translator = new_translator()
    found = list(translator.lines([["Ein Haus.", ""], [long]], warnings.append))
    assert [text.split(" has ")[0] for text in warnings] == ["line 3"]
    assert "longest in training 12" in warnings[0]
    assert found[2][0].text != texts(translator, [long[:40]])[0]


def test_a_line_without_positions_is_told_and_those_after_it_are_translated(new_translator):
    warnings: list[str] = []
    longest = "Z" * 19  # with the space before it, the end and 3 more: the 24 positions there are
    windows = [["Ein Haus.", f"{longest}Z"], [longest, "Ein Haus."]]
    found = new_translator(positions=LEARNED).lines(windows, warnings.append)
    first, refused, kept, last = (next(found) for _ in range(4))
    assert first[0].text == last[0].text
    assert first[0].score == pytest.approx(last[0].score, rel=1e-5)  # rounded as in its batch
    assert first != refused == EMPTY != kept
    assert warnings[0] == (
        "line 2 has 21 tokens, more than 20: not translated; break it into sentences"
    )
    with pytest.raises(DataError, match="^1 of 4 lines were too long and are not translated$"):
        next(found)


def test_a_line_of_endless_length_is_not_translated(new_translator, monkeypatch):
    monkeypatch.setattr(translating, "MAX_TOKENS", 30)
    found = new_translator().lines([["Z" * 30, "Ein Haus."]], silent)
    assert next(found) == EMPTY != next(found)
    with pytest.raises(DataError, match="^1 of 2 lines"):
        next(found)
