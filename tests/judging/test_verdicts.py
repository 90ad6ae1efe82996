"""Verdicts on claims."""

from collections.abc import Sequence

import numpy as np
import pytest

from pipeline.errors import ConfigError, DataError
from pipeline.judging import claims
from pipeline.judging.claims import (
    Benchmarked,
    Better,
    Claim,
    Measurement,
    Numbers,
    Relation,
    read_claims,
)
from pipeline.judging.judgements import Judgement, Outcome, Verdict
from pipeline.judging.measured import Measured
from pipeline.judging.verdicts import judge
from pipeline.records import RunRecords
from pipeline.statistics.holm import holm
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
SPREAD = np.random.default_rng(5).normal(0.0, 0.2, 30)  # of differences between pieces


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


def better(run: str, than: str, metric: str | None = None, **others: object) -> Better:
    return Better(kind="better", run=run, than=than, metric=metric, **others)


def numbers(path: str, relation: Relation, second: float | Measurement) -> Numbers:
    first = Measurement(name="music_relative", path=path)
    return Numbers(kind="numbers", what="w", first=first, relation=relation, second=second)


def judged(claim: Claim, **nats: Sequence[float]) -> Judgement:
    """Judge by runs of music that measure so many nats in each piece, and by made-up metrics."""
    records = {name: music(each) for name, each in nats.items()}
    return judge(claim, measured(records, **MADE_UP))


def named(id_: str) -> Claim:
    (found,) = [each for each in read_claims() if each.id == id_]
    return found


def apart(difference: float) -> np.ndarray:
    """Nats of a run that is worse than one of 1 nat by so much, differently from piece to piece."""
    return 1.0 + difference + SPREAD - SPREAD.mean()


ORDER = claim(better("first", "second"), better("second", "third"))
ERROR = SPREAD.std() / np.sqrt(29)  # of a difference


def test_every_pair_in_order_and_clear_is_a_reproduction():
    found = judged(ORDER, third=[3.0] * 30, second=[2.0] * 30, first=[1.0] * 30)
    assert found.verdict is Verdict.REPRODUCED
    assert [each.comparison.difference for each in found.comparisons] == [1.0, 1.0]
    assert [each.outcome for each in found.comparisons] == [Outcome.HOLDS] * 2
    assert (found.id, found.published, found.missing) == ("order", "1 and 2", [])


@pytest.mark.parametrize(
    ("difference", "outcome", "verdict"),
    [
        (3.0, Outcome.HOLDS, Verdict.REPRODUCED),
        (1.0, Outcome.OPEN, Verdict.INCONCLUSIVE),
        (0.0, Outcome.OPEN, Verdict.INCONCLUSIVE),
        (-1.0, Outcome.OPEN, Verdict.INCONCLUSIVE),
        (-3.0, Outcome.FAILS, Verdict.CONTRADICTED),
    ],
)
def test_a_difference_of_so_many_standard_errors_is_judged(difference, outcome, verdict):
    found = judged(claim(better("run", "other")), run=[1.0] * 30, other=apart(difference * ERROR))
    (check,) = found.comparisons
    assert (check.outcome, found.verdict) == (outcome, verdict)
    assert check.p_value + check.p_contrary == pytest.approx(1.0, abs=2e-6)
    assert check.smallest_effect == pytest.approx((1.699 + 0.854) * ERROR, rel=0.1)  # t of 29


def test_one_check_that_fails_outweighs_those_that_hold_or_stay_open():
    found = judged(ORDER, first=[1.0] * 30, second=apart(3 * ERROR), third=[1.0 - ERROR] * 30)
    assert [each.outcome for each in found.comparisons] == [Outcome.HOLDS, Outcome.FAILS]
    assert found.verdict is Verdict.CONTRADICTED
    found = judged(ORDER, first=[1.0] * 30, second=apart(3 * ERROR), third=apart(3 * ERROR))
    assert [each.outcome for each in found.comparisons] == [Outcome.HOLDS, Outcome.OPEN]
    assert found.verdict is Verdict.INCONCLUSIVE


def test_p_values_are_corrected_for_the_other_checks_of_the_claim():
    runs = {"run": [1.0] * 30, "near": apart(1.9 * ERROR), "nearer": apart(1.8 * ERROR)}
    alone = [
        judged(claim(better("run", than)), **runs).comparisons[0] for than in ("near", "nearer")
    ]
    assert [each.outcome for each in alone] == [Outcome.HOLDS] * 2
    both = judged(claim(better("run", "near"), better("run", "nearer")), **runs)
    corrected = holm([each.p_value for each in alone])
    assert [each.p_value for each in both.comparisons] == pytest.approx(corrected, abs=2e-6)
    assert both.verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("worse", "verdict"),
    [(1.0, Verdict.REPRODUCED), (4.0, Verdict.INCONCLUSIVE), (7.0, Verdict.CONTRADICTED)],
)
def test_at_least_as_good_is_a_limit_within_a_margin(worse, verdict):
    """Five standard errors here: by one it may be worse, by seven it may not."""
    within = claim(better("run", "other", margin=5 * ERROR))
    found = judged(within, run=apart(worse * ERROR), other=[1.0] * 30)
    assert found.verdict is verdict
    assert found.comparisons[0].margin == pytest.approx(5 * ERROR)


def test_a_run_brings_its_replicates():
    """One seed of three that is lucky is no reproduction."""
    seeds = {f"first_{seed}": music([1.0 if seed == 2 else 3.0] * 30, of=settings("music", seed))
             for seed in (1, 2, 3)}  # fmt: skip
    second = music([2.0] * 30, of=settings("music", dropout=0.5))
    found = judge(claim(better("first_2", "second")), measured({**seeds, "second": second}))
    compared = found.comparisons[0].comparison
    assert compared.first.run == "first_2"
    assert compared.first.runs == ["first_1", "first_2", "first_3"]
    assert compared.first.score == pytest.approx(7 / 3, abs=1e-6)
    assert found.verdict is Verdict.INCONCLUSIVE and found.one_seed  # of the second
    again = music([2.0] * 30, of=settings("music", 2, dropout=0.5))
    found = judge(
        claim(better("first_2", "second")),
        measured({**seeds, "second": second, "second_2": again}),
    )
    assert found.verdict is Verdict.INCONCLUSIVE and not found.one_seed
    alone = measured({"first_2": seeds["first_2"], "second": second})
    found = judge(claim(better("first_2", "second")), alone)
    assert found.verdict is Verdict.REPRODUCED and found.one_seed


def test_a_variant_brings_its_replicates_too():
    def trained(seed: int, early: float) -> RunRecords:
        last, before = (music([nats] * 30).splits["test"] for nats in (1.0, early))
        return RunRecords(settings("music", seed), {"test": last, "test@100": before})

    seeds = {f"s{seed}": trained(seed, 1.5 + 0.01 * seed) for seed in (1, 2, 3)}
    found = judge(claim(better("s1", "s1@100")), measured(seeds))
    compared = found.comparisons[0].comparison
    assert compared.second.runs == ["s1", "s2", "s3"]
    assert compared.second.score == pytest.approx(1.52)
    assert found.verdict is Verdict.REPRODUCED
    unknown = judge(claim(better("s1", "s1@200")), measured(seeds))
    assert unknown.verdict is Verdict.NOT_RUN
    assert unknown.missing[0] == "reports/records/s1.parquet: nats_per_token on test@200"


def test_a_check_has_a_trend_over_the_updates_after_which_both_keep_their_weights():
    def trained(name: str, *nats: float) -> RunRecords:
        splits = ("test", "test@100", "test@200", "test@greedy")
        by_split = {
            split: music([each] * 30).splits["test"]
            for split, each in zip(splits, nats, strict=True)
        }
        return RunRecords(settings("music", name=name), by_split)

    runs = {"a": trained("a", 1.0, 1.9, 1.4, 3.0), "b": trained("b", 1.5, 2.0, 1.7, 3.0)}
    (check,) = judge(claim(better("a", "b")), measured(runs)).comparisons
    assert [(each.steps, each.difference) for each in check.trend] == [
        (100, pytest.approx(0.1)), (200, pytest.approx(0.3))
    ]  # fmt: skip
    (check,) = judge(claim(better("a@200", "b@100")), measured(runs)).comparisons
    assert check.trend == [] and check.comparison.difference == pytest.approx(0.6)


def test_a_metric_that_is_not_there_is_told_with_the_claim_the_check_and_those_that_are():
    """`chrf` of a run that composes, or `nats`, which were once taken for any of its metrics."""
    for key in ("metric", "than_metric"):
        check = better("a", "b", **{"metric": "accuracy", key: "chrf"})
        with pytest.raises(ConfigError) as raised:
            judged(claim(check), a=[1.0], b=[2.0])
        assert str(raised.value).startswith(
            "claims.yaml: order: a better than b: metric = chrf is not a metric of music; use "
            "nats_per_token, validation.nats_per_token, accuracy, onset_accuracy, "
        )


def test_a_metric_that_was_not_recorded_is_missing():
    """As before the evaluation was made again that counts it."""
    found = judged(claim(better("a", "b", "motif_return")), a=[1.0, 2.0], b=[2.0, 2.0])
    assert found.verdict is Verdict.NOT_RUN
    assert found.missing == [f"reports/records/{name}.parquet: motif_return on test"
                             for name in "ab"]  # fmt: skip


def test_an_unknown_key_of_a_claim_is_told_in_one_line(tmp_path):
    path = tmp_path / "claims.yaml"
    path.write_text(claims.CLAIMS.read_text().replace("margin: 0.02", "margn: 0.02"))
    with pytest.raises(ConfigError) as raised:
        read_claims(path)
    assert str(raised.value) == (
        "claims.yaml: two_dimensions: checks.0.better.margn is not a parameter; remove it"
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
    assert [each.first for each in found.numbers[:2]] == [1, 64]


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
    ("relation", "bound", "verdict"),
    [
        (Relation.BELOW, 0.6, Verdict.REPRODUCED),
        (Relation.BELOW, 0.5, Verdict.CONTRADICTED),
        (Relation.ABOVE, 0.5, Verdict.REPRODUCED),
        (Relation.ABOVE, 0.6, Verdict.CONTRADICTED),
    ],
)
def test_a_number_is_compared_with_a_bound(relation, bound, verdict):
    found = judged(claim(numbers("music.test.nats_per_token", relation, bound)))
    assert found.verdict is verdict and not found.one_seed
    assert [(each.first, each.second) for each in found.numbers] == [(0.5123, bound)]


def test_a_benchmark_is_read_by_its_name_and_missed_where_it_was_not_run():
    timed = numbers("music.test.nats_per_token", Relation.BELOW, 0.0)
    known = Measured(MADE_UP, {}, {"growing": {"what": "growing", "exponent": 2.0}})
    for name, verdict in (("growing", Verdict.REPRODUCED), ("shrinking", Verdict.NOT_RUN)):
        second = Benchmarked(benchmark=name, key="exponent")
        found = judge(claim(timed.model_copy(update={"second": second})), known)
        assert found.verdict is verdict


def test_a_number_that_is_not_there_is_told_with_its_file():
    with pytest.raises(
        DataError, match="reports/measurements/music_relative.json: music.what = None"
    ):
        judged(claim(numbers("music.what", Relation.BELOW, 1.0)))
