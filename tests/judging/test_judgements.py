"""What the judge stage writes: the same bytes each time, and refused where it is damaged."""

import json
from pathlib import Path

import numpy as np
import pytest

from pipeline import judge
from pipeline.errors import DataError
from pipeline.files import write_json
from pipeline.judging.claims import read_claims
from pipeline.judging.judgements import (
    COMPARISONS,
    JUDGEMENTS,
    VERDICTS,
    Verdict,
    read_comparisons,
    read_judgements,
)
from pipeline.records import records_path, write_records
from tests.judging.measurements import music, settings
from tests.reporting.scale import METRICS

FILES = (JUDGEMENTS, COMPARISONS, VERDICTS)


@pytest.fixture(autouse=True)
def scale(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two runs of the lecture, whose difference is clear, and neither samples nor parameters."""
    monkeypatch.chdir(tmp_path)
    nats = np.random.default_rng(1).uniform(0.5, 1.5, 30)
    for name, shift in (("music_relative", 0.0), ("music_sinusoid", 0.25)):
        write_json(Path(f"reports/measurements/{name}.json"), {"music": METRICS["music"]})
        of = settings("music", layers=shift)
        write_records(records_path(name), music(nats + shift, of=of))


def test_claims_comparisons_and_counts_are_written(capsys):
    judge.main()
    judgements = read_judgements()
    assert [each.id for each in judgements.claims] == [each.id for each in read_claims()]
    (relative,) = [each for each in judgements.claims if each.id == "relative_music"]
    assert relative.verdict is Verdict.REPRODUCED
    (check,) = relative.comparisons
    assert check.comparison.difference == pytest.approx(0.25, abs=1e-6)
    (test_set,) = read_comparisons().test_sets
    assert test_set.pairs == [check.comparison]
    counts = json.loads(VERDICTS.read_text())
    assert sum(counts.values()) == len(judgements.claims)
    assert counts == judgements.counts and counts["reproduced"] == 6  # five by benchmarks
    assert capsys.readouterr().out.startswith(f"{len(judgements.claims)} claims: 6 reproduced, ")


def test_a_verdict_that_changes_changes_its_count():
    judge.main()
    before = json.loads(VERDICTS.read_text())
    write_records(records_path("music_sinusoid"), music([0.4] * 30, of=settings("music", layers=1)))
    judge.main()
    after = json.loads(VERDICTS.read_text())
    changed = {name: after[name] - before[name] for name in before if after[name] != before[name]}
    assert changed == {"reproduced": -1, "contradicted": 1}


def test_equal_measurements_have_equal_bytes():
    judge.main()
    first = [path.read_bytes() for path in FILES]
    judge.main()
    assert [path.read_bytes() for path in FILES] == first


def test_a_scale_without_records_has_verdicts_on_numbers_alone():
    for name in ("music_relative", "music_sinusoid"):
        records_path(name).unlink()
    judge.main()
    (relative,) = [each for each in read_judgements().claims if each.id == "relative_music"]
    assert relative.verdict is Verdict.NOT_RUN
    assert relative.missing == [str(records_path(name)) for name in
                                ("music_relative", "music_sinusoid")]  # fmt: skip
    assert read_comparisons().test_sets == []


def test_a_damaged_file_is_told_with_the_remedy():
    with pytest.raises(DataError, match=r"reports/claims.json: no such file; .*dvc repro"):
        read_judgements()
    judge.main()
    content = json.loads(COMPARISONS.read_text())
    content["test_sets"][0]["pairs"][0]["p_value"] = "small"
    write_json(COMPARISONS, content)
    with pytest.raises(DataError, match=r"comparisons.json: test_sets.0.pairs.0.p_value: .*judge`"):
        read_comparisons()


def test_damaged_records_stop_the_stage():
    records_path("music_sinusoid").write_bytes(b"no parquet")
    with pytest.raises(DataError, match="music_sinusoid.parquet: not the records of a run"):
        judge.main()
