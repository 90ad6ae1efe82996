"""Verdicts, and the claims that come with the code."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline import config
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting import claims as judging
from pipeline.reporting.claims import (
    Benchmarked,
    Better,
    Claim,
    Judged,
    Measurement,
    Numbers,
    Relation,
    Searched,
    Verdict,
    is_there,
    judge,
    needed,
    read_claims,
)
from pipeline.reporting.published import read_published
from pipeline.reporting.results import finished, read_results
from pipeline.reporting.scores import Score, tabulate
from tests.reporting.scale import ROOT


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


def better(run: str, than: str, metric: str | None = None) -> Better:
    return Better(kind="better", run=run, than=than, metric=metric)


def numbers(
    path: str, relation: Relation, second: float | Measurement | Searched, sampled: bool = False
) -> Numbers:
    first = Measurement(name="music_relative", paths=[path])
    return Numbers(
        kind="numbers", what="w", first=first, relation=relation, second=second, sampled=sampled
    )


ORDER = claim(better("first", "second"), better("second", "third"))


@pytest.fixture
def judged(scale: Params):
    """A function that judges a claim by runs of music that measure so many nats in each piece."""
    base = next(each for each in read_results(scale) if each.run.task == "music")

    def judge_by(claim: Claim, **nats: list[float]) -> Judged:
        results = []
        for name, each in nats.items():
            results.append(dataclasses.replace(base, name=name))
            path = Path("runs") / name / "records/test.jsonl"
            path.parent.mkdir(parents=True)
            rows = [{"nats_per_token": value, "tokens": 100} for value in each]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        runs = {**scale.runs, **dict.fromkeys(nats, base.run)}
        return judge(claim, scale.model_copy(update={"runs": runs}), results)

    return judge_by


def test_every_pair_in_order_and_clear_is_a_reproduction(judged):
    found = judged(ORDER, third=[3.0] * 30, second=[2.0] * 30, first=[1.0] * 30)
    assert found.verdict is Verdict.REPRODUCED
    assert [each.difference for each in found.comparisons] == [1.0, 1.0]


def test_one_unclear_pair_leaves_the_direction(judged):
    nearly = [2.0] * 29 + [1.5]
    found = judged(ORDER, first=[1.0] * 30, second=nearly, third=[2.0] * 30)
    assert found.verdict is Verdict.DIRECTION_ONLY
    assert found.comparisons[1].p_value > 0.05


@pytest.mark.parametrize("third", [2.0, 1.9])
def test_one_pair_that_is_equal_or_in_the_other_order_is_no_reproduction(judged, third):
    found = judged(ORDER, first=[1.0] * 30, second=[2.0] * 30, third=[third] * 30)
    assert found.verdict is Verdict.NOT_REPRODUCED


@pytest.mark.parametrize(
    ("other", "verdict"),
    [(2.0, Verdict.REPRODUCED), (1.5, Verdict.NOT_REPRODUCED), (1.0, Verdict.NOT_REPRODUCED)],
)
def test_a_claim_may_ask_that_even_a_part_is_better(judged, other, verdict):
    """Nats are better where lower, so that a part larger than one is asked for."""
    far = Better(kind="better", run="run", than="other", metric=None, share_of_run=1.75)
    found = judged(claim(far), run=[1.0] * 30, other=[other] * 30)
    assert found.verdict is verdict
    (compared,) = found.comparisons
    assert compared.difference == pytest.approx(abs(1.75 - other))
    assert {compared.better.share, compared.worse.share} == {1.75, 1.0}


def test_a_claim_may_ask_for_more_than_a_part_of_the_other(judged):
    near = Better(kind="better", run="run", than="other", metric=None, share_of_than=1.75)
    found = judged(claim(near), run=[1.5] * 30, other=[1.0] * 30)
    assert found.verdict is Verdict.REPRODUCED
    assert [found.comparisons[0].better.score, found.comparisons[0].worse.score] == [1.5, 1.75]


def test_a_part_is_that_of_every_resample_too(judged):
    """Which spreads as much wider as the share is larger: without, this p would be 0.02."""
    far = Better(kind="better", run="run", than="other", metric=None, share_of_run=1.75)
    found = judged(claim(far), run=[0.5, 1.5] * 15, other=[1.97] * 30)
    assert found.comparisons[0].difference == pytest.approx(0.22)
    assert 0.1 < found.comparisons[0].p_value < 0.25
    assert found.verdict is Verdict.DIRECTION_ONLY


def shares(id_: str) -> list[tuple[str, str, float, float]]:
    (found,) = [each for each in read_claims() if each.id == id_]
    return [
        (each.run, each.than, each.share_of_run, each.share_of_than)
        for each in found.checks
        if isinstance(each, Better) and (each.share_of_run, each.share_of_than) != (1.0, 1.0)
    ]


def test_what_is_said_to_collapse_has_to_fall_far():
    k0, k1, full = (f"translation_relative{end}" for end in ("_k0", "_k1", ""))
    assert shares("order_is_needed") == [(k1, k0, 0.6, 1.0), (k1, full, 1.0, 0.6)]
    assert shares("relative_keys_suffice") == [(full, f"{full}_neither", 0.6, 1.0)]
    published = {k0: 12.5, k1: 25.5, full: 25.8, f"{full}_neither": 12.5}
    for run, than, of_run, of_than in shares("order_is_needed") + shares("relative_keys_suffice"):
        assert of_run * published[run] > of_than * published[than]


def test_paths_are_one_step_and_as_many_as_there_are_positions(scale: Params):
    (paths,) = [each for each in read_claims() if each.id == "short_paths"]
    found = judge(paths, scale, read_results(scale))
    assert found.verdict is Verdict.REPRODUCED
    assert [each.first.value for each in found.numbers[:2]] == [1, 64]


def test_positions_that_return_in_part_stay_below_those_that_were_never_lost(scale: Params):
    """Of a probe in the fourth layer: with residual sums, without, and with positions again."""
    names = [f"translation_{end}" for end in ("residuals", "no_residuals")]
    names.append(f"{names[1]}_positions")
    (whole,) = [each for each in read_claims() if each.id == "residuals_carry_positions"]
    probes = [each for each in whole.checks if isinstance(each, Numbers)]
    probes = [each for each in probes if "probe_r2" in each.first.paths[0]]
    base = read_results(scale)[0]
    runs = {**scale.runs, **dict.fromkeys(names, base.run)}
    known = scale.model_copy(update={"runs": runs})
    for of_each, verdict in (
        ((0.74, 0.04, 0.57), Verdict.DIRECTION_ONLY),
        ((0.74, 0.04, 0.75), Verdict.NOT_REPRODUCED),  # all of it returns
        ((0.74, 0.04, 0.03), Verdict.NOT_REPRODUCED),  # nothing does
        ((0.74, 0.50, 0.57), Verdict.NOT_REPRODUCED),  # it was not lost
    ):
        for name, r2 in zip(names, of_each, strict=True):
            content = {"translation": {"positions": {"layer_4": {"probe_r2": r2}}}}
            Path(f"reports/metrics/{name}.json").write_text(json.dumps(content))
        found = judge(whole.model_copy(update={"checks": probes}), known, read_results(scale))
        assert found.verdict is verdict, of_each


@pytest.mark.parametrize("scale_folder", [ROOT, ROOT / "lecture"])
def test_enlarged_images_are_compared_with_their_best_baseline(monkeypatch, scale_folder):
    monkeypatch.chdir(scale_folder)
    params, _ = finished(config.load())
    (enlargement,) = [each for each in read_claims() if each.id == "enlargement"]
    bicubic, best, psnr = judge(enlargement, params, read_results(params)).numbers
    assert (bicubic.second, best.second) == (Score(2.61043), Score(2.442019))
    (enlarged,) = [each for each in read_results(params) if each.name == "image_enlarged"]
    assert tabulate([enlarged]).best_baseline == ("Given place", best.second)
    assert bicubic.first.value == best.first.value < best.second.value
    assert bicubic.holds and best.holds and psnr.holds


def test_a_claim_whose_runs_are_not_all_there_says_which(judged):
    found = judged(ORDER, second=[1.0])
    assert (found.verdict, found.missing) == (Verdict.NOT_RUN, ["first", "third"])


def test_a_scale_with_other_runs_judges_by_those_and_only_without_the_first(judged):
    other = claim(*ORDER.checks, elsewhere=[better("fourth", "fifth")])
    known = {"fourth": [1.0] * 30, "fifth": [2.0] * 30}
    found = judged(other, first=[1.0] * 30, **known)
    assert (found.verdict, found.missing) == (Verdict.REPRODUCED, [])
    assert [each.worse.result.name for each in found.comparisons] == ["fifth"]


def test_the_first_runs_are_preferred(judged):
    other = claim(better("first", "second"), elsewhere=[better("fourth", "fifth")])
    low, high = [1.0] * 30, [2.0] * 30
    found = judged(other, first=low, second=high, fourth=high, fifth=low)
    assert found.verdict is Verdict.REPRODUCED
    assert [each.worse.result.name for each in found.comparisons] == ["second"]


def test_where_no_runs_are_whole_the_first_are_named(judged):
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
def test_a_number_is_compared_with_a_bound(judged, relation, bound, sampled, verdict):
    checked = claim(numbers("music.test.nats_per_token", relation, bound, sampled))
    found = judged(checked)
    assert found.verdict is verdict
    assert [(each.first, each.second) for each in found.numbers] == [
        (Score(0.5123, 0.4977, 0.5281), Score(bound))
    ]


def test_several_paths_mean_their_mean(judged):
    both = Measurement(
        name="music_sinusoid", paths=["music.by_position.000-063", "music.by_position.064-127"]
    )
    found = judged(claim(numbers("music.test.nats_per_token", Relation.BELOW, both)))
    assert found.numbers[0].second.value == pytest.approx(0.71 - 0.032)


def test_a_search_is_found_by_its_settings(scale: Params):
    def judge_by(beam_size: int) -> Judged:
        first, second = (
            Searched(name="translation_sinusoid", beam_size=size, length_penalty=0.6)
            for size in (beam_size, 1)
        )
        check = numbers("", Relation.ABOVE, second, sampled=True)
        checked = claim(check.model_copy(update={"first": first}))
        return judge(checked, scale, read_results(scale))

    found = judge_by(4).numbers
    assert [(each.first, each.second) for each in found] == [(Score(24.6), Score(21.6))]
    other = judge_by(3)
    assert other.verdict is Verdict.NOT_RUN
    assert other.missing == ["translation_sinusoid, beam size 3, length penalty 0.6"]


def test_a_benchmark_is_read_by_its_name_and_missed_where_it_was_not_run(judged, monkeypatch):
    monkeypatch.setattr(judging, "BENCHMARKS", Path("benchmarks.json"))
    Path("benchmarks.json").write_text('[{"what": "growing", "exponent": 2.0}]')
    timed = numbers("music.test.nats_per_token", Relation.BELOW, 0.0)
    for name, verdict in (("growing", Verdict.REPRODUCED), ("shrinking", Verdict.NOT_RUN)):
        second = Benchmarked(benchmark=name, key="exponent")
        found = judged(claim(timed.model_copy(update={"second": second})))
        assert found.verdict is verdict


def test_a_number_that_is_not_there_is_told_with_its_file(judged):
    with pytest.raises(DataError, match="reports/metrics/music_relative.json: music.what = None"):
        judged(claim(numbers("music.what", Relation.BELOW, 1.0)))


def test_runs_are_compared_by_another_metric(scale: Params):
    base = read_results(scale)[0]
    results = []
    for name, nats in (("sure", 10.0), ("unsure", 20.0)):
        results.append(dataclasses.replace(base, name=name))
        path = Path("runs") / name / "records/test.jsonl"
        path.parent.mkdir(parents=True)
        path.write_text("".join(json.dumps({"nats": nats, "tokens": 20}) + "\n" for _ in range(9)))
    known = scale.model_copy(update={"runs": {each.name: base.run for each in results}})
    found = judge(claim(better("sure", "unsure", "nats_per_token")), known, results)
    assert found.verdict is Verdict.REPRODUCED
    assert found.comparisons[0].better.score == pytest.approx(0.5)
    assert found.comparisons[0].difference == pytest.approx(0.5)


def test_the_lecture_has_what_every_claim_needs_and_one_data_set_for_each_pair():
    params = config.load(ROOT / "lecture/params.yaml")
    claims = read_claims()
    for each in claims:
        assert [name for name in needed(each.checks) if not is_there(name, params)] == [], each.id
        for check in each.checks:
            if isinstance(check, Better):
                datasets = {params.runs[name].dataset for name in (check.run, check.than)}
                assert len(datasets) == 1, each.id
    assert len({each.id for each in claims}) == len(claims)


def test_the_papers_scale_has_the_numbers_of_the_checks_for_elsewhere(monkeypatch):
    monkeypatch.chdir(ROOT / "paper")
    params, _ = finished(config.load())
    claims = [each for each in read_claims() if each.elsewhere]
    assert claims
    for each in claims:
        assert [name for name in needed(each.elsewhere) if name not in params.runs] == [], each.id
        for check in each.elsewhere:
            assert len({params.runs[name].dataset for name in needed([check])}) == 1, each.id
        judged = judge(each, params, read_results(params))
        assert judged.verdict is not Verdict.NOT_RUN, each.id


def test_every_claim_names_a_paper():
    for each in read_claims():
        assert read_published().authors_of(each)
