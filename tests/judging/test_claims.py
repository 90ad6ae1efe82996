"""The claims that come with the code, and whether the committed scales can judge them."""

from pipeline import config
from pipeline.judging.claims import Better, needed, read_claims
from pipeline.judging.comparing import named_metric
from pipeline.judging.measured import read_measured
from pipeline.reporting.published import read_published
from tests.reporting.scale import ROOT


def test_the_lecture_has_what_every_claim_needs_and_one_data_set_for_each_pair():
    params = config.load(ROOT / "lecture/params.yaml")
    known = {*params.runs, *params.demonstrations, *read_measured().benchmarks}
    claims = read_claims()
    for each in claims:
        assert [name for name in needed(each.checks) if name not in known] == [], each.id
    assert len({each.id for each in claims}) == len(claims)
    check_pairs(params, [check for each in claims for check in each.checks])


def test_the_papers_scale_has_the_runs_of_the_checks_for_elsewhere():
    params = config.load(ROOT / "paper/params.yaml")
    checks = [check for each in read_claims() for check in each.elsewhere]
    assert checks and set(needed(checks)) <= {*params.runs}
    check_pairs(params, checks)


def check_pairs(params: config.Params, checks: list[Better]) -> None:
    """Both runs have the data, the variants and the metrics that their checks name."""
    for check in filter(lambda check: isinstance(check, Better), checks):
        runs = []
        for name, key in ((check.run, check.metric), (check.than, check.than_metric)):
            name, _, variant = name.partition("@")
            run = {**params.runs, **params.demonstrations}[name]
            runs.append(run)
            if key is not None:
                named_metric(run.task, key)
            if variant:
                assert variant in variants_of(run), (check.run, check.than)
        assert runs[0].dataset == runs[1].dataset


def variants_of(run: config.AnyRun) -> set[str]:
    """What a run also measures: earlier weights and other searches."""
    searches = getattr(run.decoding, "other_searches", {})
    return {*map(str, run.training.keep_steps), *searches}


def test_at_least_as_good_has_a_margin_that_stands_before_the_runs():
    margins = {
        (each.id, check.margin)
        for each in read_claims()
        for check in each.checks
        if isinstance(check, Better) and check.margin > 0
    }
    assert margins == {
        ("two_dimensions", 0.02),
        ("mixture", 0.05),
        ("pixelcnn_row_lstm", 0.05),
        ("relative_keys_suffice", 1.0),
        ("beam_search", 0.2),
        ("beyond_training_length", 0.05),
    }


def test_every_claim_names_a_paper():
    for each in read_claims():
        assert read_published().authors_of(each)
