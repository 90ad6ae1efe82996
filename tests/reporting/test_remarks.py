"""Why claims have their verdicts."""

from pathlib import Path

import pytest

from pipeline.config import Params
from pipeline.files import read_json, write_json
from pipeline.judging.claims import read_claims
from pipeline.judging.judgements import JUDGEMENTS, Verdict
from pipeline.reporting import judged
from pipeline.reporting.judged import read_judged_claims, read_remarks
from pipeline.reporting.results import read_results


def test_remarks_are_of_claims_and_of_verdicts_that_runs_lead_to():
    known = {claim.id for claim in read_claims()}
    for each in read_remarks():
        assert each.id in known
        assert each.verdict is not Verdict.NOT_RUN
        assert each.remark


@pytest.mark.parametrize("verdict", ["contradicted", "inconclusive", "reproduced"])
def test_a_remark_is_shown_beside_its_verdict_alone(
    scale: Params, monkeypatch: pytest.MonkeyPatch, verdict: str
):
    content = read_json(JUDGEMENTS)
    chosen = content["claims"][0]
    write_json(JUDGEMENTS, content | {"claims": [chosen | {"verdict": verdict}]})
    remarks = Path("remarks.yaml")
    remarks.write_text(f"- {{id: {chosen['id']}, verdict: contradicted, remark: Too short.}}\n")
    monkeypatch.setattr(judged, "read_remarks", lambda: read_remarks(remarks))
    (claim,) = read_judged_claims(read_results(scale))
    assert claim.remark == ("Too short." if verdict == "contradicted" else None)
