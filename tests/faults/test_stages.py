import sys

import pytest

from faults import stages
from faults.scale import SMOKE
from faults.stages import LOG, RESULTS, calls, main
from pipeline import config, decode, encode, evaluate, judge, report, train
from pipeline.reporting import page


def test_parts_have_their_stages():
    params = config.load(SMOKE / "params.yaml")
    assert list(calls("digits", params)) == [("encode", "digits")]
    of_run = [("train", "image_local_2d"), ("decode", "image_local_2d")]
    assert list(calls("image_local_2d", params)) == [*of_run, ("evaluate", "image_local_2d")]
    assert list(calls(RESULTS, params)) == [("judge",), ("report",)]


def test_parts_run_in_order_and_params_are_read_once(tmp_path, monkeypatch, capsys):
    (tmp_path / "params.yaml").write_bytes((SMOKE / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    for name in "prepare", "set_environment":
        monkeypatch.setattr(stages, name, lambda *_: None)
    monkeypatch.setattr(page, "read_faults", page.read_faults)  # which main replaces
    loaded = []
    monkeypatch.setattr(config, "load", lambda load=config.load: loaded.append(1) or load())
    for module in encode, train, decode, evaluate, judge, report:
        printed = module.__name__
        monkeypatch.setattr(module, "main", lambda *_, it=printed: print(config.load() and it))
    main(["digits", "image_local_2d", RESULTS])
    assert page.read_faults() == []
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["digits", "image_local_2d", RESULTS]
    expected = "encode", "train", "decode", "evaluate", "judge", "report"
    assert LOG.read_text().splitlines() == [f"pipeline.{stage}" for stage in expected]
    assert len(loaded) == 1


def test_a_failed_stage_stops_all_and_its_error_is_shown(tmp_path, monkeypatch, capsys):
    (tmp_path / "params.yaml").write_bytes((SMOKE / "params.yaml").read_bytes())
    monkeypatch.chdir(tmp_path)
    for name in "prepare", "set_environment":
        monkeypatch.setattr(stages, name, lambda *_: None)
    monkeypatch.setattr(page, "read_faults", page.read_faults)  # which main replaces
    monkeypatch.setattr(config, "load", config.load)  # which main replaces
    monkeypatch.setattr(encode, "main", lambda name: sys.exit(f"error: {name}"))
    with pytest.raises(SystemExit, match="error: digits"):
        main(["digits", "chorales"])
    assert capsys.readouterr().out == ""
