"""Comparisons of translating runs."""

import dataclasses
import json
from pathlib import Path

import numpy as np
import pytest
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

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
    assert compared[2].p_value == 1.0
    assert "tok:13a" in compared[0].signature and "bs:1000|seed:1" in compared[0].signature


def test_the_same_translations_are_no_difference(base: Result):
    (compared,) = compare([result(base, name, REFERENCES, REFERENCES) for name in ("a", "b")])
    assert (compared.difference, compared.p_value) == (0.0, 1.0)


def test_a_clear_difference_has_twice_the_p_value_of_sacrebleu(base: Result):
    """Whose paired test is one-sided there."""
    random = np.random.default_rng(3)
    texts = [
        [text.replace("heute an", "aus") if random.random() < rate else text for text in REFERENCES]
        for rate in (0.25, 0.5)
    ]
    (compared,) = compare([result(base, str(i), each, REFERENCES) for i, each in enumerate(texts)])
    named = [(str(index), each) for index, each in enumerate(texts)]
    _, scores = PairedTest(named, {"BLEU": BLEU()}, [REFERENCES], "bs", 1000)()
    assert compared.difference == pytest.approx(
        abs(scores["BLEU"][0].score - scores["BLEU"][1].score)
    )
    assert 0.005 < compared.p_value < 0.2
    assert compared.p_value == pytest.approx(2 * scores["BLEU"][1].p_value, rel=0.5)


def test_one_run_has_nothing_to_be_compared_with(base: Result):
    assert compare([base]) == []


def test_other_test_sentences_are_no_comparison(base: Result):
    other = [*REFERENCES[:-1], "ein anderer Satz"]
    results = [result(base, "a", REFERENCES, REFERENCES), result(base, "b", REFERENCES, other)]
    with pytest.raises(DataError, match="runs/b/samples: other test sentences than runs/a/samples"):
        compare(results)
