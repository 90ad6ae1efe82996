"""Verdicts on claims."""

from collections.abc import Sequence

import pytest

from pipeline.errors import ConfigError, DataError
from pipeline.judging.claims import (
    Benchmarked,
    Better,
    Claim,
    Measurement,
    Numbers,
    Relation,
    Searched,
    read_claims,
)
from pipeline.judging.judgements import Judgement, Value, Verdict
from pipeline.judging.measured import Measured
from pipeline.judging.verdicts import judge
from tests.judging.measurements import measured, music, settings
from tests.reporting.scale import METRICS

MADE_UP = {
    name: {task: METRICS[task], "model": {"steps": 10}}
    for name, task in (
        ("music_relative", "music"),
        ("music_sinusoid", "music"),
        ("translation_sinusoid", "translation"),
    )
}


def claim(*checks: Better | Numbers, elsewhere: Sequence[Better | Numbers] = ()) -> Claim:
    return Claim(
        id="order",
        claim="The first is better.",
        section="music",
        published="1 and 2",
        where="table 1",
        arxiv="1809.04281",
        checks=list(checks),
        elsewhere=list(elsewhere),
    )


def better(run: str, than: str, metric: str | None = None, **shares: float) -> Better:
    return Better(kind="better", run=run, than=than, metric=metric, **shares)


def numbers(
    path: str, relation: Relation, second: float | Measurement | Searched, sampled: bool = False
) -> Numbers:
    first = Measurement(name="music_relative", paths=[path])
    return Numbers(
        kind="numbers", what="w", first=first, relation=relation, second=second, sampled=sampled
    )


def judged(claim: Claim, **nats: list[float]) -> Judgement:
    """Judge by runs of music that measure so many nats in each piece, and by made-up metrics."""
    records = {name: music(each) for name, each in nats.items()}
    return judge(claim, measured(records, **MADE_UP))


def named(id_: str) -> Claim:
    (found,) = [each for each in read_claims() if each.id == id_]
    return found


ORDER = claim(better("first", "second"), better("second", "third"))


def test_every_pair_in_order_and_clear_is_a_reproduction():
    found = judged(ORDER, third=[3.0] * 30, second=[2.0] * 30, first=[1.0] * 30)
    assert found.verdict is Verdict.REPRODUCED
    assert [each.comparison.difference for each in found.comparisons] == [1.0, 1.0]
    assert (found.id, found.published, found.missing) == ("order", "1 and 2", [])


def test_one_unclear_pair_leaves_the_direction():
    nearly = [2.0] * 29 + [1.5]
    found = judged(ORDER, first=[1.0] * 30, second=nearly, third=[2.0] * 30)
    assert found.verdict is Verdict.DIRECTION_ONLY
    assert found.comparisons[1].comparison.p_value > 0.05


@pytest.mark.parametrize("third", [2.0, 1.9])
def test_one_pair_that_is_equal_or_in_the_other_order_is_no_reproduction(third):
    found = judged(ORDER, first=[1.0] * 30, second=[2.0] * 30, third=[third] * 30)
    assert found.verdict is Verdict.NOT_REPRODUCED
    assert [each.holds for each in found.comparisons] == [True, False]


@pytest.mark.parametrize(
    ("other", "verdict"),
    [(2.0, Verdict.REPRODUCED), (1.5, Verdict.NOT_REPRODUCED), (1.0, Verdict.NOT_REPRODUCED)],
)
def test_a_claim_may_ask_that_even_a_part_is_better(other, verdict):
    """Nats are better where lower, so that a part larger than one is asked for."""
    far = better("run", "other", share_of_run=1.75)
    found = judged(claim(far), run=[1.0] * 30, other=[other] * 30)
    assert found.verdict is verdict
    compared = found.comparisons[0].comparison
    assert compared.difference == pytest.approx(other - 1.75)
    assert (compared.first.share, compared.second.share) == (1.75, 1.0)


def test_a_claim_may_ask_for_more_than_a_part_of_the_other():
    near = better("run", "other", share_of_than=1.75)
    found = judged(claim(near), run=[1.5] * 30, other=[1.0] * 30)
    assert found.verdict is Verdict.REPRODUCED
    compared = found.comparisons[0].comparison
    assert [compared.first.score, compared.second.score] == [1.5, 1.75]


def test_a_part_is_that_of_every_resample_too():
    """Which spreads as much wider as the share is larger: without, this p would be 0.02."""
    far = better("run", "other", share_of_run=1.75)
    found = judged(claim(far), run=[0.5, 1.5] * 15, other=[1.97] * 30)
    assert found.comparisons[0].comparison.difference == pytest.approx(0.22)
    assert 0.1 < found.comparisons[0].comparison.p_value < 0.25
    assert found.verdict is Verdict.DIRECTION_ONLY


def test_a_run_brings_its_replicates():
    """One seed of three that is lucky is no reproduction."""
    seeds = {f"first_{seed}": music([1.0 if seed == 2 else 3.0] * 30, of=settings("music", seed))
             for seed in (1, 2, 3)}  # fmt: skip
    second = music([2.0] * 30, of=settings("music", dropout=0.5))
    found = judge(claim(better("first_2", "second")), measured({**seeds, "second": second}))
    compared = found.comparisons[0].comparison
    assert (compared.first.run, compared.first.seeds) == ("first_2", [1, 2, 3])
    assert compared.first.runs == ["first_1", "first_2", "first_3"]
    assert compared.first.score == pytest.approx(7 / 3, abs=1e-6)
    assert found.verdict is Verdict.NOT_REPRODUCED


def test_a_metric_that_is_not_there_is_told_with_the_claim_the_check_and_those_that_are():
    """`chrf` of a run that composes, or `nats`, which were once taken for any of its metrics."""
    with pytest.raises(ConfigError) as raised:
        judged(claim(better("a", "b", "chrf")), a=[1.0], b=[2.0])
    assert str(raised.value) == (
        "claims.yaml: order: a better than b: metric = chrf is not a metric of music; use "
        "nats_per_token, validation.nats_per_token, accuracy, onset_accuracy"
    )


def test_paths_are_one_step_and_as_many_as_there_are_positions():
    rows = {
        f"costs: {layer}, n = 64, {measure}": {"ours": ours}
        for layer, measure, ours in (
            ("self-attention", "path length", 1),
            ("recurrent", "path length", 64),
            ("self-attention", "sequential operations", 1),
            ("recurrent", "sequential operations", 64),
        )
    }
    found = judge(named("short_paths"), Measured({}, {}, rows))
    assert found.verdict is Verdict.REPRODUCED
    assert [each.first.value for each in found.numbers[:2]] == [1, 64]


@pytest.mark.parametrize(
    ("probes", "verdict"),
    [
        ((0.74, 0.04, 0.57), Verdict.DIRECTION_ONLY),
        ((0.74, 0.04, 0.75), Verdict.NOT_REPRODUCED),  # all of it returns
        ((0.74, 0.04, 0.03), Verdict.NOT_REPRODUCED),  # nothing does
        ((0.74, 0.50, 0.57), Verdict.NOT_REPRODUCED),  # it was not lost
    ],
)
def test_positions_that_return_in_part_stay_below_those_that_were_never_lost(probes, verdict):
    """Of a probe in the fourth layer: with residual sums, without, and with positions again."""
    whole = named("residuals_carry_positions")
    checks = [check for check in whole.checks if isinstance(check, Numbers)]
    checks = [check for check in checks if "probe_r2" in check.first.paths[0]]
    names = [f"translation_{end}" for end in ("residuals", "no_residuals")]
    names.append(f"{names[1]}_positions")
    metrics = {
        name: {"translation": {"positions": {"layer_4": {"probe_r2": r2}}}}
        for name, r2 in zip(names, probes, strict=True)
    }
    found = judge(whole.model_copy(update={"checks": checks}), measured({}, **metrics))
    assert found.verdict is verdict


def test_a_claim_whose_runs_are_not_all_there_says_which():
    found = judged(ORDER, second=[1.0])
    assert (found.verdict, found.missing) == (Verdict.NOT_RUN, ["first", "third"])
    assert found.checks == []


def test_a_run_without_records_is_not_compared_and_its_file_named():
    """As one whose numbers were measured before there were records."""
    records = {"first": music([1.0]), "second": music([2.0])}
    found = judge(ORDER, measured(records, third={"music": {}}))
    assert found.verdict is Verdict.NOT_RUN
    assert found.missing == ["reports/records/third.parquet"]


def test_a_scale_with_other_runs_judges_by_those_and_only_without_the_first():
    other = claim(*ORDER.checks, elsewhere=[better("fourth", "fifth")])
    known = {"fourth": [1.0] * 30, "fifth": [2.0] * 30}
    found = judged(other, first=[1.0] * 30, **known)
    assert (found.verdict, found.missing) == (Verdict.REPRODUCED, [])
    assert [each.comparison.second.run for each in found.comparisons] == ["fifth"]


def test_the_first_runs_are_preferred():
    other = claim(better("first", "second"), elsewhere=[better("fourth", "fifth")])
    low, high = [1.0] * 30, [2.0] * 30
    found = judged(other, first=low, second=high, fourth=high, fifth=low)
    assert found.verdict is Verdict.REPRODUCED
    assert [each.comparison.second.run for each in found.comparisons] == ["second"]


def test_where_no_runs_are_whole_the_first_are_named():
    other = claim(better("first", "second"), elsewhere=[better("fourth", "fifth")])
    assert judged(other, second=[1.0], fifth=[1.0]).missing == ["first"]


@pytest.mark.parametrize(
    ("relation", "bound", "sampled", "verdict"),
    [
        (Relation.BELOW, 0.6, False, Verdict.REPRODUCED),
        (Relation.BELOW, 0.6, True, Verdict.DIRECTION_ONLY),
        (Relation.BELOW, 0.5, False, Verdict.NOT_REPRODUCED),
        (Relation.ABOVE, 0.5, False, Verdict.REPRODUCED),
        (Relation.ABOVE, 0.6, True, Verdict.NOT_REPRODUCED),
    ],
)
def test_a_number_is_compared_with_a_bound(relation, bound, sampled, verdict):
    found = judged(claim(numbers("music.test.nats_per_token", relation, bound, sampled)))
    assert found.verdict is verdict
    assert [(each.first, each.second) for each in found.numbers] == [
        (Value(value=0.5123, low=0.4977, high=0.5281), Value(value=bound, low=None, high=None))
    ]


def test_several_paths_mean_their_mean():
    both = Measurement(
        name="music_sinusoid", paths=["music.by_position.000-063", "music.by_position.064-127"]
    )
    found = judged(claim(numbers("music.test.nats_per_token", Relation.BELOW, both)))
    assert found.numbers[0].second.value == pytest.approx(0.71 - 0.032)


def searching(beam_size: int) -> Claim:
    first, second = (
        Searched(name="translation_sinusoid", beam_size=size, length_penalty=0.6)
        for size in (beam_size, 1)
    )
    check = numbers("", Relation.ABOVE, second, sampled=True)
    return claim(check.model_copy(update={"first": first}))


def test_a_search_is_found_by_its_settings():
    found = judged(searching(4)).numbers
    assert [(each.first.value, each.second.value) for each in found] == [(24.6, 21.6)]
    other = judged(searching(3))
    assert other.verdict is Verdict.NOT_RUN
    assert other.missing == ["translation_sinusoid, beam size 3, length penalty 0.6"]


def test_a_damaged_search_grid_is_named():
    metrics = {"translation_sinusoid": {"translation": {"search_grid": [3]}}}
    with pytest.raises(DataError, match="sinusoid.json: search_grid is not a list of searches"):
        judge(searching(4), measured({}, **metrics))


def test_a_benchmark_is_read_by_its_name_and_missed_where_it_was_not_run():
    timed = numbers("music.test.nats_per_token", Relation.BELOW, 0.0)
    known = Measured(MADE_UP, {}, {"growing": {"what": "growing", "exponent": 2.0}})
    for name, verdict in (("growing", Verdict.REPRODUCED), ("shrinking", Verdict.NOT_RUN)):
        second = Benchmarked(benchmark=name, key="exponent")
        found = judge(claim(timed.model_copy(update={"second": second})), known)
        assert found.verdict is verdict


def test_a_number_that_is_not_there_is_told_with_its_file():
    with pytest.raises(DataError, match="reports/metrics/music_relative.json: music.what = None"):
        judged(claim(numbers("music.what", Relation.BELOW, 1.0)))
