"""The table of scores in Markdown."""

import json
import sys

import pytest

from docs import results
from docs.printed import ROOT


def run(monkeypatch, *arguments: str) -> None:
    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, "argv", ["results", *arguments])
    results.main()


def test_a_row_has_the_measured_score_with_its_interval_and_the_best_baseline(monkeypatch, capsys):
    run(monkeypatch, "image_local_2d", "translation_sinusoid")
    head, _, image, translation = capsys.readouterr().out.splitlines()
    assert head == "| run | network | data | metric | test | best baseline |"
    path = ROOT / "reports" / "measurements" / "image_local_2d.json"
    measured = json.loads(path.read_text())["image"]
    key = "bits_per_dimension"
    value, low, high = (measured["test"][key + end] for end in ("", "_low", "_high"))
    assert f"| **{value:.3f}** [{low:.3f}, {high:.3f}] |" in image
    assert f"| {min(measured['baseline'].values()):.3f} (" in image
    assert translation.startswith("| `translation_sinusoid` | ") and "BLEU ↑" in translation


def test_a_run_without_results_is_refused(monkeypatch, capsys):
    with pytest.raises(SystemExit, match="2"):
        run(monkeypatch, "image_local_3d")
    assert "error: image_local_3d: no finished run; there are translation_sinusoid, " in (
        capsys.readouterr().err
    )
