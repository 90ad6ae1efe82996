from typing import get_args

import pytest

from faults import processors
from faults.processors import QEMU, VARIANTS, main, write_scale
from models.settings import ModelSettings, Positions, Structure
from models.settings.attention import Attention
from models.settings.choices import Output
from pipeline import config
from pipeline.tasks import specs


def kinds(union, field: str) -> set[str]:
    """The values of the literal `field` in a union of settings."""
    types = get_args(get_args(union)[0])
    return {get_args(each.model_fields[field].annotation)[0] for each in types}


def test_runs_have_every_architecture_position_scheme_attention_head_and_task(tmp_path):
    write_scale(tmp_path)
    runs = config.load(tmp_path / "params.yaml").runs.values()
    models = [run.model for run in runs]
    transformers = [model for model in models if model.architecture == "transformer"]
    assert {run.task for run in runs} == set(specs())
    assert {model.architecture for model in models} == kinds(ModelSettings, "architecture")
    assert {model.positions.kind for model in models} == kinds(Positions, "kind")
    assert {model.attention.kind for model in transformers} == kinds(Attention, "kind")
    assert {model.output.kind for model in transformers} == kinds(Output, "kind")
    assert {model.super_resolution for model in transformers} == {None, 2}
    for architecture in "transformer", "lstm":
        found = {model.structure for model in models if model.architecture == architecture}
        assert found == set(Structure)


@pytest.mark.parametrize("differs", [False, True])
def test_a_processor_with_another_file_fails_and_is_recorded(differs, monkeypatch, capsys):
    def run_on(folder, cpu=None):
        (folder / "runs").mkdir()
        (folder / "runs" / "weights").write_text("other" if differs and cpu == "EPYC" else "same")
        (folder / "runs" / "samples").touch()

    rows = []
    monkeypatch.setattr(processors.shutil, "which", lambda name: name)
    monkeypatch.setattr(processors, "download", lambda folder: None)
    monkeypatch.setattr(processors, "run_on", run_on)
    monkeypatch.setattr(processors, "record", lambda *row: rows.append(row))
    if differs:
        with pytest.raises(SystemExit, match="outputs differ on EPYC$"):
            main()
        assert "runs/weights" in capsys.readouterr().out
    else:
        main()
    ((_, _, numbers),) = rows
    expected = {"vendor": "AMD", "runs": len(VARIANTS), "files": 2, "differ": int(differs)}
    assert numbers["EPYC"] == expected
    assert numbers["Haswell"]["differ"] == 0


def test_without_qemu_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(processors.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=f"{QEMU} not found; install qemu-user"):
        main()
