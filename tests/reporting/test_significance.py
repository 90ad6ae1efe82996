"""Comparisons of runs."""

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
from pipeline.reporting.significance import Comparison, compare, compare_all, measure
from pipeline.tasks.translation.settings import Convention, LetterCase

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


def titles(comparison: Comparison) -> tuple[str, str]:
    return comparison.better.result.run.title, comparison.worse.result.run.title


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
    compared = compare_all(results)
    assert [set(titles(each)) for each in compared] == [
        {"bad", "good"}, {"bad", "as good"}, {"good", "as good"},
    ]  # fmt: skip
    assert [titles(each)[0] for each in compared[:2]] == ["good", "as good"]
    scores = [BLEU().corpus_score(texts, [REFERENCES]).score for texts in (good, bad)]
    assert compared[0].difference == pytest.approx(scores[0] - scores[1])
    assert compared[0].p_value < 0.002
    assert compared[2].difference == 0.0
    assert compared[2].p_value == 1.0
    assert (
        "tok:13a" in compared[0].better.signature
        and "bs:1000|seed:1" in compared[0].better.signature
    )


@pytest.mark.parametrize("convention", [Convention.MOSES, Convention.MULTI30K])
def test_case_does_not_count_where_the_network_writes_small_letters(
    base: Result, convention: Convention
):
    """By whichever score the tables judge it: that of the convention has no records."""
    small = [text.lower() for text in REFERENCES]
    worse = [text.replace("zimmer", "raum") for text in small]
    lower = base.dataset.encoding.model_copy(update={"letter_case": LetterCase.LOWER})
    evaluation = base.run.evaluation.model_copy(update={"tokenised_bleu": convention})
    base = dataclasses.replace(
        base,
        dataset=base.dataset.model_copy(update={"encoding": lower}),
        run=base.run.model_copy(update={"evaluation": evaluation}),
    )
    (compared,) = compare_all(
        [result(base, "small", small, REFERENCES), result(base, "worse", worse, REFERENCES)]
    )
    assert compared.better.score == pytest.approx(100.0)
    expected = BLEU(lowercase=True).corpus_score(worse, [REFERENCES]).score
    assert compared.worse.score == pytest.approx(expected)
    assert "case:lc" in compared.better.signature
    assert compared.better.metric.label == "BLEU, case ignored"


def test_the_same_translations_are_no_difference(base: Result):
    (compared,) = compare_all([result(base, name, REFERENCES, REFERENCES) for name in ("a", "b")])
    assert (compared.difference, compared.p_value) == (0.0, 1.0)


def test_a_clear_difference_has_twice_the_p_value_of_sacrebleu(base: Result):
    """Whose paired test is one-sided there."""
    random = np.random.default_rng(3)
    texts = [
        [text.replace("heute an", "aus") if random.random() < rate else text for text in REFERENCES]
        for rate in (0.25, 0.5)
    ]
    (compared,) = compare_all(
        [result(base, str(i), each, REFERENCES) for i, each in enumerate(texts)]
    )
    named = [(str(index), each) for index, each in enumerate(texts)]
    _, scores = PairedTest(named, {"BLEU": BLEU()}, [REFERENCES], "bs", 1000)()
    assert compared.difference == pytest.approx(
        abs(scores["BLEU"][0].score - scores["BLEU"][1].score)
    )
    assert 0.005 < compared.p_value < 0.2
    assert compared.p_value == pytest.approx(2 * scores["BLEU"][1].p_value, rel=0.5)


def test_one_run_has_nothing_to_be_compared_with(base: Result):
    assert compare_all([base]) == []


def test_other_test_sentences_are_no_comparison(base: Result):
    other = [*REFERENCES[:-1], "ein anderer Satz"]
    results = [result(base, "a", REFERENCES, REFERENCES), result(base, "b", REFERENCES, other)]
    with pytest.raises(DataError, match="runs/b: other test records than runs/a"):
        compare_all(results)


def drawing(results: list[Result], nats: list[list[float]], tokens: list[int]) -> list[Result]:
    """Runs of music that measure `nats` a token in pieces of so many `tokens`."""
    base = next(result for result in results if result.run.task == "music")
    made = []
    for index, each in enumerate(nats):
        made.append(dataclasses.replace(base, name=f"music_{index}"))
        rows = [{"nats_per_token": n, "tokens": t} for n, t in zip(each, tokens, strict=True)]
        path = made[-1].samples.parent / "records/test.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return made


def test_likelihoods_are_compared_per_token_and_the_lower_is_better(scale: Params):
    random = np.random.default_rng(0)
    high = random.uniform(1.0, 2.0, 30)
    tokens = random.integers(100, 900, 30)
    low = high - random.uniform(0.0, 0.1, 30)  # each piece a little: clear, though pieces differ
    runs = drawing(read_results(scale), [high.tolist(), low.tolist()], tokens.tolist())
    compared = compare(*map(measure, runs))
    assert (compared.better.result.name, compared.worse.result.name) == ("music_1", "music_0")
    assert compared.better.score == pytest.approx((low * tokens).sum() / tokens.sum())
    assert compared.difference == pytest.approx(((high - low) * tokens).sum() / tokens.sum())
    assert compared.p_value == pytest.approx(1 / 1001)


def test_a_difference_of_a_few_pieces_is_not_clear(scale: Params):
    same = [1.0] * 30
    runs = drawing(read_results(scale), [same, [0.5, *same[1:]]], [100] * 30)
    compared = compare(*map(measure, runs))
    assert compared.better.result.name == "music_1"
    # A resample lacks the piece in 36 of 100 cases and has it twice or more in 26.
    assert 0.2 < compared.p_value < 0.7


def test_other_pieces_are_no_comparison(scale: Params):
    results = read_results(scale)
    runs = drawing(results, [[1.0, 2.0]], [100, 200])
    runs += [dataclasses.replace(runs[0], name="other")]
    path = runs[1].samples.parent / "records/test.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"nats_per_token": 1.0, "tokens": 100}\n')
    with pytest.raises(DataError, match="runs/other: other test records than runs/music_0"):
        compare(*map(measure, runs))


@pytest.mark.parametrize("content", ["", "{}\n", "[]\n", "no JSON\n"])
def test_damaged_records_are_told_with_their_file(scale: Params, content: str):
    (run,) = drawing(read_results(scale), [[1.0]], [1])
    (run.samples.parent / "records/test.jsonl").write_text(content)
    with pytest.raises(DataError, match="music_0/records/test.jsonl: .*evaluate@music_0"):
        measure(run)
