"""Comparisons of runs: which is better, by what, and how surely."""

from collections.abc import Mapping, Sequence

import numpy as np
import pytest
from sacrebleu.metrics import BLEU
from sacrebleu.significance import PairedTest

from pipeline.errors import ConfigError, DataError
from pipeline.judging.comparing import Side, compare, compare_all, default_metric, named_metric
from pipeline.judging.judgements import Comparison
from pipeline.records import Records, RunRecords
from pipeline.statistics.student import tail
from pipeline.tasks.translation.metrics.counting import bleu_counts
from pipeline.tasks.translation.metrics.statistics import BLEU as BLEU_STATISTICS
from pipeline.tasks.translation.metrics.statistics import LOWERCASE_BLEU
from tests.judging.measurements import music, run, settings

REFERENCES = [f"das Licht in Zimmer {number} ist heute an" for number in range(40)]


def translated(hypotheses: Sequence[str], *names: Sequence[str]) -> RunRecords:
    statistics = {}
    for each in names or [BLEU_STATISTICS]:
        lowercase = each is LOWERCASE_BLEU
        counts = bleu_counts(hypotheses, REFERENCES, tokenize="13a", lowercase=lowercase)
        statistics |= dict(zip(each, counts.T, strict=True))
    return run(statistics, settings("translation"))


def pairs(**records: RunRecords) -> list[Comparison]:
    found = compare_all(records).test_sets
    assert len(found) <= 1
    return found[0].pairs if found else []


def side(name: str, records: Mapping[str, RunRecords], key: str | None = None) -> Side:
    """A side of replicates, by the default metric or a named one."""
    task = next(iter(records.values())).settings["task"]
    metric = default_metric(task, list(records.values()), "test")
    return Side(name, records, metric if key is None else named_metric(task, key))


def of_one_seed(name: str, records: RunRecords, key: str | None = None) -> Side:
    return side(name, {name: records}, key)


def test_runs_without_a_metric_in_common_are_not_compared():
    """A classifier has other metrics than what it started from, which two such runs share."""
    of = settings("classification")
    classifier, other = (
        run({"correct": np.arange(20) % rest, "passages": np.ones(20, int)}, of) for rest in (2, 3)
    )
    guesser, better = (
        run({"piece_nats": np.full(20, nats), "pieces": np.full(20, 2)}, of) for nats in (9.0, 7.0)
    )
    compared = pairs(a=classifier, b=guesser, c=other, d=better)
    found = [(each.first.run, each.second.run, each.first.metric) for each in compared]
    assert found == [("a", "c", "accuracy"), ("b", "d", "piece_nats")]
    assert pairs(a=classifier, b=guesser) == []


def test_each_pair_is_compared():
    # "nun" instead of "heute" in every fourth sentence: one run's errors are not the other's.
    good, as_good = (
        [
            text.replace("heute", "nun" if i % 4 == rest else "heute")
            for i, text in enumerate(REFERENCES)
        ]
        for rest in (0, 1)
    )
    bad = [text.replace("heute an", "aus") for text in REFERENCES]
    compared = pairs(bad=translated(bad), good=translated(good), as_good=translated(as_good))
    assert [(each.first.run, each.second.run) for each in compared] == [
        ("bad", "good"), ("bad", "as_good"), ("good", "as_good"),
    ]  # fmt: skip
    scores = [BLEU().corpus_score(texts, [REFERENCES]).score for texts in (bad, good)]
    assert [compared[0].first.score, compared[0].second.score] == pytest.approx(scores, abs=1e-6)
    assert compared[0].difference == pytest.approx(scores[0] - scores[1], abs=2e-6)
    assert compared[0].low < compared[0].difference < compared[0].high < 0
    assert compared[0].p_value < 0.002
    assert (compared[2].difference, compared[2].p_value) == (0.0, 1.0)
    assert (compared[0].first.metric, compared[0].records, compared[0].clusters) == ("bleu", 40, 40)
    assert compared[0].first.runs == ["bad"] and compared[0].has_one_seed


def test_case_does_not_count_where_a_network_writes_small_letters():
    small = [text.lower() for text in REFERENCES]
    worse = [text.replace("zimmer", "raum") for text in small]
    both = BLEU_STATISTICS, LOWERCASE_BLEU
    (compared,) = pairs(small=translated(small, *both), worse=translated(worse, *both))
    assert compared.first.metric == compared.second.metric == "lowercase_bleu"
    assert compared.first.score == pytest.approx(100.0)
    expected = BLEU(lowercase=True).corpus_score(worse, [REFERENCES]).score
    assert compared.second.score == pytest.approx(expected, abs=1e-6)
    (compared,) = pairs(small=translated(small, *both), cased=translated(REFERENCES))
    assert compared.first.metric == "bleu" and compared.difference < 0  # which both have


def test_the_same_translations_are_no_difference():
    (compared,) = pairs(a=translated(REFERENCES), b=translated(REFERENCES))
    assert (compared.difference, compared.low, compared.high, compared.p_value) == (0, 0, 0, 1)


def test_a_clear_difference_has_twice_the_p_value_of_sacrebleu():
    """Whose paired test is one-sided there."""
    random = np.random.default_rng(3)
    texts = [
        [text.replace("heute an", "aus") if random.random() < rate else text for text in REFERENCES]
        for rate in (0.25, 0.5)
    ]
    (compared,) = pairs(a=translated(texts[0]), b=translated(texts[1]))
    named = [(str(index), each) for index, each in enumerate(texts)]
    _, scores = PairedTest(named, {"BLEU": BLEU()}, [REFERENCES], "bs", 1000)()
    difference = scores["BLEU"][0].score - scores["BLEU"][1].score
    assert compared.difference == pytest.approx(difference, abs=2e-6)
    assert 0.005 < compared.p_value < 0.2
    assert compared.p_value == pytest.approx(2 * scores["BLEU"][1].p_value, rel=0.5)


def test_one_seed_has_the_t_test_of_the_resampled_differences():
    random = np.random.default_rng(0)
    tokens = random.integers(100, 900, 30)
    first = random.uniform(1.0, 2.0, 30)
    second = first + random.normal(0.02, 0.1, 30)
    (compared,) = pairs(a=music(first, tokens), b=music(second, tokens))
    draws = np.random.default_rng(1).integers(30, size=(1000, 30))
    resampled = [
        (nats * tokens)[draws].sum(axis=1) / tokens[draws].sum(axis=1) for nats in (first, second)
    ]
    error = (resampled[1] - resampled[0]).std() * np.sqrt(30 / 29)
    value = ((second - first) * tokens).sum() / tokens.sum()
    assert compared.difference == pytest.approx(value, abs=1e-6)
    assert compared.p_value == pytest.approx(2 * tail(value / error, 29), abs=1e-6)
    assert 0.01 < compared.p_value < 0.99
    margin = 2.045230 * error  # of 29 degrees of freedom
    assert [compared.low, compared.high] == pytest.approx(
        [value - margin, value + margin], abs=1e-6
    )


def test_likelihoods_are_compared_per_token_and_the_lower_is_better():
    random = np.random.default_rng(0)
    high = random.uniform(1.0, 2.0, 30)
    tokens = random.integers(100, 900, 30)
    low = high - random.uniform(0.0, 0.1, 30)  # each piece a little: clear, though pieces differ
    (compared,) = pairs(high=music(high, tokens), low=music(low, tokens))
    difference = ((high - low) * tokens).sum() / tokens.sum()
    assert compared.difference == pytest.approx(-difference, abs=1e-6)
    assert compared.second.score == pytest.approx((low * tokens).sum() / tokens.sum(), abs=1e-6)
    assert compared.p_value < 1e-6


def test_a_difference_of_a_few_pieces_is_not_clear():
    same = [1.0] * 30
    (compared,) = pairs(same=music(same), one=music([0.5, *same[1:]]))
    # A resample lacks the piece in 36 of 100 cases and has it twice or more in 26.
    assert 0.2 < compared.p_value < 0.7


def test_pieces_that_belong_together_are_one_observation():
    better = np.repeat(1.0 - np.array([0.1, -0.05, 0.08, -0.02, 0.05, 0.0]), 5)
    nats, clusters = [1.0] * 30, (np.arange(30) // 5).tolist()
    (alone,) = pairs(a=music(nats), b=music(better))
    (together,) = pairs(a=music(nats, clusters=clusters), b=music(better, clusters=clusters))
    assert together.difference == alone.difference
    assert alone.p_value < 0.02 < 0.1 < together.p_value
    assert (together.records, together.clusters) == (30, 6)


def test_replicates_are_one_side_with_the_mean_of_their_scores():
    nats = np.random.default_rng(1).uniform(0.9, 1.1, 30)
    three = {f"s{seed}": music(nats + shift, of=settings("music", seed))
             for seed, shift in ((1, 0.0), (2, 0.1), (3, -0.1))}  # fmt: skip
    second = of_one_seed("b", music(nats + 0.04))
    alone, _ = compare(of_one_seed("s1", three["s1"]), second)
    compared, _ = compare(side("s1", three), second)
    assert compared.first.runs == ["s1", "s2", "s3"] and compared.has_one_seed  # of the other
    assert compared.first.scores == pytest.approx([nats.mean() + d for d in (0.0, 0.1, -0.1)])
    assert compared.difference == alone.difference == pytest.approx(0.04, abs=1e-6)
    assert alone.p_value < 0.01 and compared.p_value > 0.1  # other seeds might say otherwise


def test_replicates_are_one_run_among_all_pairs():
    nats = np.random.default_rng(1).uniform(0.9, 1.1, 30)
    records = {f"s{seed}": music(nats + seed, of=settings("music", seed)) for seed in (1, 2, 3)}
    other = music(nats, of=settings("music", dropout=0.5))
    (compared,) = pairs(b=other, **records)
    assert (compared.first.runs, compared.second.runs) == (["b"], ["s1", "s2", "s3"])
    assert compared.difference == pytest.approx(2.0, abs=1e-6)


@pytest.mark.parametrize(("key", "difference"), [("nats_per_token", 1.0), ("accuracy", -0.25)])
def test_runs_are_compared_by_another_metric(key, difference):
    sides = [
        of_one_seed(
            name,
            run(
                {"nats": [10.0 * nats] * 9, "tokens": [10] * 9, "hits": [hits] * 9},
                settings("music"),
            ),
            key,
        )
        for name, nats, hits in (("sure", 1.0, 5), ("unsure", 2.0, 7.5))
    ]
    assert compare(*sides)[0].difference == pytest.approx(difference)


def test_the_other_side_may_have_another_metric_and_the_same_seeds_are_paired():
    """As a network and a codec on the same images: what seeds share does not count."""
    nats = np.random.default_rng(1).uniform(0.9, 1.1, 30)
    records = {
        f"s{seed}": run(
            {"nats_beyond": nats + seed, "tokens_beyond": [1] * 30,
             "nats_within": nats + seed + 0.04, "tokens_within": [1] * 30},
            settings("music", seed),
        )
        for seed in (1, 2, 3)
    }  # fmt: skip
    sides = [side("s1", records, key) for key in ("nats_beyond", "nats_within")]
    compared, _ = compare(*sides)
    assert (compared.first.metric, compared.second.metric) == ("nats_beyond", "nats_within")
    assert compared.difference == pytest.approx(0.04)
    assert compared.p_value < 1e-6


def test_a_variant_has_its_own_records_on_the_same_test_set():
    """As a run and its weights after fewer updates."""
    nats = np.random.default_rng(1).uniform(0.9, 1.1, 30)
    last, early = (music(nats + shift).splits["test"] for shift in (0.0, 0.5))
    records = {"a": RunRecords(settings("music"), {"test": last, "test@100": early})}
    compared, _ = compare(side("a", records), side("a@100", records))
    assert (compared.first.run, compared.second.run) == ("a", "a@100")
    assert compared.second.runs == ["a"] and compared.difference == pytest.approx(0.5)
    with pytest.raises(DataError, match="records/a.parquet: test@200 was not recorded"):
        compare(side("a", records), side("a@200", records))


def test_a_metric_of_another_split_is_compared_there():
    runs = {name: music([nats] * 9, split="validation") for name, nats in (("a", 1.0), ("b", 2.0))}
    sides = [of_one_seed(*each, "validation.nats_per_token") for each in runs.items()]
    assert compare(*sides)[0].difference == 1.0
    sides = [of_one_seed(*each, "nats_per_token") for each in runs.items()]
    with pytest.raises(DataError, match="a.parquet: test was not recorded"):
        compare(*sides)


@pytest.mark.parametrize("key", ["chrf", "nats"])
def test_a_metric_that_the_task_does_not_have_is_refused_with_those_that_it_has(key):
    with pytest.raises(
        ConfigError, match=f"^metric = {key} is not a metric of music; .* accuracy, "
    ):
        named_metric("music", key)


def test_a_metric_that_a_run_did_not_record_is_named():
    """As super-resolution of a run that enlarges nothing."""
    runs = {"bits": [9.0] * 2, "dimensions": [4] * 2}, {"psnr_peak": [1] * 2, "psnr_error": [1] * 2}
    without, enlarged = (run(each, settings("image")) for each in (runs[0], runs[0] | runs[1]))
    with pytest.raises(DataError, match="records/a.parquet: psnr was not recorded on test"):
        compare(of_one_seed("b", enlarged, "psnr"), of_one_seed("a", without, "psnr"))


@pytest.mark.parametrize(
    "other", [music([1.0, 2.0], test_set="another"), music([1.0, 2.0], clusters=[0, 0])]
)
def test_other_records_are_no_comparison(other):
    with pytest.raises(DataError, match="b.parquet: other records of test than .*evaluate@b"):
        pairs(a=music([1.0, 2.0]), b=other)


def test_records_of_one_cluster_cannot_be_compared():
    sides = [of_one_seed(name, music([1.0, 2.0], clusters=[3, 3])) for name in ("a", "b")]
    with pytest.raises(DataError, match="a.parquet: all records of test form one cluster"):
        compare(*sides)


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")  # 0 nats of 0 tokens
def test_records_of_which_too_few_have_a_score_are_named():
    sides = [of_one_seed(name, music([1.0] * 4, [0, 0, 0, 9])) for name in ("a", "b")]
    told = (
        "a.parquet: nats_per_token has no value on some resamples of 4 test records; measure more"
    )
    with pytest.raises(DataError, match=told):
        compare(*sides)


def test_one_run_has_nothing_to_be_compared_with():
    assert pairs(a=music([1.0, 2.0])) == []


def test_runs_are_compared_on_each_test_set_of_their_data():
    first = music([1.0, 2.0])
    of_test = first.splits["test"]
    one_cluster = Records("the same", [0, 0], of_test.statistics)
    others = {"test_2": of_test, "test_3": one_cluster, "test@9": of_test, "validation": of_test}
    several = RunRecords(first.settings, {**first.splits, **others})
    other = RunRecords(first.settings | {"dataset": "another"}, first.splits)
    found = compare_all({"a": several, "b": first, "c": several, "d": other}).test_sets
    assert [(each.task, each.dataset, each.split, len(each.pairs)) for each in found] == [
        ("music", "of music", "test", 3),
        ("music", "of music", "test_2", 1),
    ]
