"""The translations that the page shows."""

import json
from pathlib import Path

import pytest

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting import page
from pipeline.tasks.translation.reporting.translations import (
    Translation,
    read_translations,
    repetition,
    spread,
)

TEXT = Path("runs/translation_sinusoid/samples")


def scored(*scores: float) -> list[Translation]:
    return [Translation(f"s{score}", "r", "h", score) for score in scores]


def test_spread_takes_best_worst_and_evenly_between():
    chosen = spread(scored(*[-float(score) for score in range(101)]), 5)
    assert [each.score for each in chosen] == [0.0, -25.0, -50.0, -75.0, -100.0]


def test_spread_does_not_depend_on_the_order_of_the_file():
    translations = scored(-1.0, -2.0, -2.5, -3.0, -9.0)
    assert spread(translations[::-1], 3) == spread(translations, 3)


@pytest.mark.parametrize(("available", "asked", "expected"), [(3, 10, 3), (3, 1, 1), (1, 1, 1)])
def test_spread_never_repeats(available: int, asked: int, expected: int):
    chosen = spread(scored(*[-float(score) for score in range(available)]), asked)
    assert len(set(chosen)) == len(chosen) == expected


def test_line_separators_inside_a_sentence_do_not_cut_it(scale: Params):
    line = {"source": "a\u2028b", "reference": "c", "hypothesis": "d", "score": -1.0}
    (TEXT / "test.jsonl").write_text(json.dumps(line, ensure_ascii=False) + "\n")
    assert read_translations(TEXT, "test")[0].source == "a\u2028b"


def test_the_tokens_of_a_pass_are_shaded_the_more_the_stronger(scale: Params):
    passes = [{"text": text, "tokens": tokens} for text, tokens in (("a", 1), (" b c", 2), ("", 9))]
    columns = {"source": "s", "reference": "r", "hypothesis": "a b c", "score": -1.0}
    (TEXT / "test.jsonl").write_text(json.dumps(columns | {"passes": passes}) + "\n")
    (row,) = read_translations(TEXT, "test")
    assert [each.shade for each in row.passes] == [1, 2, 4]
    shown = page.render(scale)
    assert '<span class="pass shade-2" title="pass 2, tokens: 2"> b c</span>' in shown


@pytest.mark.parametrize("line", ['{"source": "a"}', "{", "[]"])
def test_damaged_translation_names_the_line(scale: Params, line: str):
    with (TEXT / "test.jsonl").open("a") as file:
        file.write(line + "\n")
    with pytest.raises(DataError, match="line 121: .*decode@translation_sinusoid"):
        read_translations(TEXT, "test")


def row(hypothesis: str, reference: str = "ein Wort", source: str = "a word") -> Translation:
    return Translation(source, reference, hypothesis, -1.0)


@pytest.mark.parametrize(
    ("hypothesis", "reference", "repeats"),
    [
        ("wird es übernommen, wird es übernommen,", "es wird übernommen", True),
        ("die du die du die Webhook", "den Webhook", True),
        ("PEP 8 PEP 8", "PEP 8", False),  # two words
        ("a b c, a b c,", "x y z x y z", False),  # as in the reference
        ("", "ein Wort", False),
    ],
)
def test_three_words_in_a_row_repeat(hypothesis: str, reference: str, repeats: bool):
    assert row(hypothesis, reference).repeats is repeats


def test_repetition_is_told_with_the_length_of_its_sources():
    loop = row("a b c a b c", source="one two three four")
    assert repetition([loop, row("ein Wort")]) == (
        "1 of 2 translations repeat three words in a row, which their references do not; "
        "mostly in long sentences: their sources have 4.0 words on average, the others 2.0."
    )
    assert repetition([loop, row("ein Wort", source="1 2 3 4 5")]) == (
        "1 of 2 translations repeat three words in a row, which their references do not."
    )
    assert repetition([loop]).startswith("1 of 1 translations")
    assert repetition([loop] + 99 * [row("ein Wort")]).startswith("1 of 100 translations")
    assert repetition([loop] + 100 * [row("ein Wort")]) is None
    assert repetition([row("ein Wort")]) is None
