import json
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import Params
from pipeline.reporting.results import Result, read_results
from pipeline.tasks.translation.reporting.alignment import read_alignment
from pipeline.tasks.translation.reporting.attention import read_attention

RECORDED = Path("runs/translation_sinusoid/records/attention.json")


@pytest.fixture
def result(scale: Params) -> Result:
    return read_results(scale)[0]


def write(*sentences: tuple[list[str], list[str], np.ndarray]) -> None:
    """Record attention maps of `sentences`: source, target, and weights (layer, head, ...)."""
    rest = {kind: [[[[1000]]]] for kind in ("encoder", "decoder")}
    content = [
        {"source": source, "target": target, "cross": weights.tolist(), **rest}
        for source, target, weights in sentences
    ]
    RECORDED.write_text(json.dumps({"sentences": content}))


def test_the_row_of_a_piece_is_the_query_that_wrote_it(result: Result):
    weights = np.full((2, 2, 3, 6), 100)  # (layer, head, query, key); the first is diffuse
    weights[1] = 0
    weights[1, 0, 1, 4], weights[1, 1, 1, 4], weights[1, 0, 0, 2] = 1000, 280, 10
    source = ["▁Turn", "▁on", "▁the", "▁li", "ght", "</s>"]
    write((source, ["<s>", "▁Licht", "▁ein"], weights))

    drawn = read_alignment(read_attention(result))

    assert drawn.layer == 2
    assert [label for _, label in drawn.columns] == ["Turn", "on", "the", "li", "ght", "⊣"]
    assert [label for _, label in drawn.rows] == ["Licht", "ein", "⊣"]
    (cell,) = drawn.cells  # the other weight is below what is drawn
    assert (cell.opacity, cell.title) == (0.8, "ein attends to ght: 64 %")
    assert cell.x + drawn.size / 2 == drawn.columns[4][0]
    assert cell.y + drawn.size / 2 == drawn.rows[1][0]
    assert (drawn.width, drawn.height) == (drawn.left + 6 * 22, drawn.top + 3 * 22)


def test_the_sentence_closest_to_its_reference_is_shown(result: Result):
    weights = np.full((1, 1, 2, 2), 500)
    wrong = (["▁Invalid▁access▁token", "</s>"], ["<s>", "▁x"], weights)
    right = (["▁Turn▁on▁the▁light", "</s>"], ["<s>", "▁x"], weights)
    for sentences in ((wrong, right), (right, wrong)):
        write(*sentences)
        drawn = read_alignment(read_attention(result))
        assert drawn.translation.hypothesis == drawn.translation.reference
        assert drawn.recorded == 2


def test_without_a_sample_of_a_recorded_sentence_there_is_none(result: Result):
    write((["▁Unknown", "</s>"], ["<s>", "▁x"], np.full((1, 1, 2, 2), 500)))
    assert read_alignment(read_attention(result)) is None
