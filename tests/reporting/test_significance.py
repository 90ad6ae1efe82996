"""Comparisons of translating runs."""

import dataclasses
import json
from pathlib import Path

import pytest
from sacrebleu.metrics import BLEU

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting.results import Result, read_results
from pipeline.reporting.significance import compare

REFERENCES = [f"das Licht in Zimmer {number} ist heute an" for number in range(40)]


def result(base: Result, title: str, hypotheses: list[str], references: list[str]) -> Result:
    renamed = base.run.model_copy(update={"title": title})
    made = dataclasses.replace(base, name=title, run=renamed)
    made.samples.mkdir(parents=True)
    rows = [
        {"source": "s", "reference": reference, "hypothesis": hypothesis, "score": -1.0}
        for reference, hypothesis in zip(references, hypotheses, strict=True)
    ]
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    Path(made.samples / "test.jsonl").write_text(lines, encoding="utf-8")
    return made


@pytest.fixture
def base(scale: Params) -> Result:
    return read_results(scale)[0]


def test_each_pair_is_compared_the_better_first(base: Result):
    # "nun" instead of "heute" in every fourth sentence: one run's errors are not the other's.
    good, as_good = (
        [
            text.replace("heute", "nun" if i % 4 == rest else "heute")
            for i, text in enumerate(REFERENCES)
        ]
        for rest in (0, 1)
    )
    bad = [text.replace("heute an", "aus") for text in REFERENCES]
    results = [
        result(base, "bad", bad, REFERENCES),
        result(base, "good", good, REFERENCES),
        result(base, "as good", as_good, REFERENCES),
    ]
    compared = compare(results)
    assert [{each.better, each.worse} for each in compared] == [
        {"bad", "good"}, {"bad", "as good"}, {"good", "as good"},
    ]  # fmt: skip
    assert [each.better for each in compared[:2]] == ["good", "as good"]
    scores = [BLEU().corpus_score(texts, [REFERENCES]).score for texts in (good, bad)]
    assert compared[0].difference == pytest.approx(scores[0] - scores[1])
    assert compared[0].p_value < 0.002
    assert compared[2].difference == 0.0
    assert compared[2].p_value > 0.3
    assert "bs:1000|seed:12345" in compared[0].signature


def test_one_run_has_nothing_to_be_compared_with(base: Result):
    assert compare([base]) == []


def test_other_test_sentences_are_no_comparison(base: Result):
    other = [*REFERENCES[:-1], "ein anderer Satz"]
    results = [result(base, "a", REFERENCES, REFERENCES), result(base, "b", REFERENCES, other)]
    with pytest.raises(DataError, match="runs/b/samples: other test sentences than runs/a/samples"):
        compare(results)
