"""The claims that come with the code, and what the committed scales say of them."""

import pytest

from pipeline import config
from pipeline.judging.claims import Better, needed, read_claims
from pipeline.judging.judgements import Verdict
from pipeline.judging.measured import Measured, read_measured
from pipeline.judging.verdicts import judge
from pipeline.reporting.published import read_published
from pipeline.reporting.results import finished, read_results
from pipeline.reporting.scores import Score, tabulate
from pipeline.tasks import part
from tests.reporting.scale import ROOT


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


@pytest.mark.parametrize("scale_folder", [ROOT, ROOT / "lecture"])
def test_enlarged_images_are_compared_with_their_best_baseline(monkeypatch, scale_folder):
    monkeypatch.chdir(scale_folder)
    params, _ = finished(config.load())
    (enlargement,) = [each for each in read_claims() if each.id == "enlargement"]
    bicubic, best, psnr = judge(enlargement, read_measured()).numbers
    assert (bicubic.second.value, best.second.value) == (2.61043, 2.442019)
    (enlarged,) = [each for each in read_results(params) if each.name == "image_enlarged"]
    assert tabulate([enlarged]).best_baseline == ("Given position", Score(2.442019))
    assert bicubic.first.value == best.first.value < best.second.value
    assert bicubic.holds and best.holds and psnr.holds


def test_the_lecture_has_what_every_claim_needs_and_one_data_set_for_each_pair():
    params = config.load(ROOT / "lecture/params.yaml")
    runs = {name: {} for name in (*params.runs, *params.demonstrations)}
    known = Measured(runs, {}, read_measured().benchmarks)
    claims = read_claims()
    for each in claims:
        assert [name for name in needed(each.checks) if name not in known] == [], each.id
        for check in each.checks:
            if isinstance(check, Better):
                first, second = (params.runs[name] for name in (check.run, check.than))
                assert first.dataset == second.dataset, each.id
                measures = part(first.task, "measures").MEASURES
                metrics = [metric.key for metric in measures.comparable]
                assert check.metric is None or check.metric in metrics, each.id
    assert len({each.id for each in claims}) == len(claims)


def test_the_papers_scale_has_the_numbers_of_the_checks_for_elsewhere(monkeypatch):
    monkeypatch.chdir(ROOT / "paper")
    params, _ = finished(config.load())
    measured = read_measured()
    claims = [each for each in read_claims() if each.elsewhere]
    assert claims
    for each in claims:
        assert [name for name in needed(each.elsewhere) if name not in params.runs] == [], each.id
        for check in each.elsewhere:
            assert len({params.runs[name].dataset for name in needed([check])}) == 1, each.id
        assert judge(each, measured).verdict is not Verdict.NOT_RUN, each.id


def test_every_claim_names_a_paper():
    for each in read_claims():
        assert read_published().authors_of(each)
