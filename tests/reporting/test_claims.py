"""Verdicts, and the claims that come with the code."""

import dataclasses
import json
from pathlib import Path

import pytest

from pipeline import config
from pipeline.config import Params
from pipeline.reporting.claims import Claim, Pair, Verdict, judge, read_claims
from pipeline.reporting.published import read_published
from pipeline.reporting.results import Result, read_results
from tests.reporting.scale import ROOT

CLAIM = Claim(
    id="order",
    claim="The first is better.",
    published="1 and 2",
    where="table 1",
    arxiv="1809.04281",
    pairs=[Pair(better="first", than="second"), Pair(better="second", than="third")],
)


@pytest.fixture
def runs(scale: Params):
    """A function that makes runs of music which measure so many nats in each of 30 pieces."""
    base = next(each for each in read_results(scale) if each.run.task == "music")

    def make(**nats: list[float]) -> list[Result]:
        made = []
        for name, each in nats.items():
            made.append(dataclasses.replace(base, name=name))
            path = Path("runs") / name / "records/test.jsonl"
            path.parent.mkdir(parents=True)
            rows = [{"nats_per_token": value, "tokens": 100} for value in each]
            path.write_text("".join(json.dumps(row) + "\n" for row in rows))
        return made

    return make


def test_every_pair_in_order_and_clear_is_a_reproduction(runs):
    judged = judge(CLAIM, runs(third=[3.0] * 30, second=[2.0] * 30, first=[1.0] * 30))
    assert judged.verdict is Verdict.REPRODUCED
    assert [each.difference for each in judged.comparisons] == [1.0, 1.0]


def test_one_unclear_pair_leaves_the_direction(runs):
    nearly = [2.0] * 29 + [1.5]
    judged = judge(CLAIM, runs(first=[1.0] * 30, second=nearly, third=[2.0] * 30))
    assert judged.verdict is Verdict.DIRECTION_ONLY
    assert judged.comparisons[1].p_value > 0.05


@pytest.mark.parametrize("third", [2.0, 1.9])
def test_one_pair_that_is_equal_or_in_the_other_order_is_no_reproduction(runs, third):
    judged = judge(CLAIM, runs(first=[1.0] * 30, second=[2.0] * 30, third=[third] * 30))
    assert judged.verdict is Verdict.NOT_REPRODUCED


def test_a_claim_whose_runs_are_not_all_there_says_which(runs):
    judged = judge(CLAIM, runs(second=[1.0]))
    assert (judged.verdict, judged.missing) == (Verdict.NOT_RUN, ["first", "third"])


def test_the_lecture_has_every_run_that_a_claim_needs_on_one_data_set_per_pair():
    params = config.load(ROOT / "lecture/params.yaml")
    claims = read_claims()
    for claim in claims:
        for pair in claim.pairs:
            assert len({params.runs[name].dataset for name in (pair.better, pair.than)}) == 1, (
                claim.id
            )
    assert len({claim.id for claim in claims}) == len(claims)


def test_every_claim_names_a_paper():
    for claim in read_claims():
        assert read_published().authors_of(claim)
