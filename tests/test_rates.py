"""The grids of learning rates, and that the lecture's scale takes what they choose."""

from pathlib import Path
from typing import Any

import pytest

from pipeline import config, rates
from pipeline.errors import ConfigError
from pipeline.rates import read_grids
from pipeline.reporting.rates import FILE, Trial, best, read_rates
from tests.reporting.scale import ROOT

TUNING, LECTURE = (config.load(ROOT / scale / "params.yaml") for scale in ("tuning", "lecture"))
RATES = 4
# What a quarter of a training has otherwise: its numerics, what is kept of it, and when.
OTHERWISE = {
    "learning_rate", "numerics", "steps", "checkpoint_selection", "average_checkpoints",
    "average_every", "validate_every", "checkpoint_every", "keep_steps",
}  # fmt: skip


@pytest.fixture
def grids(monkeypatch: pytest.MonkeyPatch) -> dict[str, list[Trial]]:
    monkeypatch.chdir(ROOT / "tuning")
    return read_grids(TUNING)


def fixed(run: config.AnyRun) -> dict[str, Any]:
    """The settings of a training that a grid shares with the run that takes its rate."""
    whole = run.model_dump(mode="json", include={"task", "dataset", "model", "training"})
    whole["training"] = {key: value for key, value in whole["training"].items()
                         if key not in OTHERWISE}  # fmt: skip
    return whole


def test_a_grid_is_a_run_of_the_lecture_for_a_quarter_of_its_updates(grids):
    for name, grid in grids.items():
        run = LECTURE.runs[name]
        assert len({trial.learning_rate for trial in grid}) == len(grid) == RATES, name
        for trial in grid:
            tried = TUNING.runs[trial.run]
            assert fixed(tried) == fixed(run), trial.run
            assert tried.training.steps == run.training.steps // 4, trial.run
            assert tried.title == run.title


def test_what_networks_start_from_is_trained_as_in_the_lecture():
    """So that dvc takes its weights from there: also of the same numerics."""
    for name in {run.start_from.run for run in TUNING.runs.values()} - {"scratch"}:
        tried, run = (params.runs[name].model_dump() for params in (TUNING, LECTURE))
        for part in ("task", "dataset", "start_from", "model", "training"):
            assert tried[part] == run[part], name


def test_grids_have_the_data_of_the_lecture():
    for name, dataset in TUNING.datasets.items():
        assert dataset == LECTURE.datasets[name]


def test_the_lecture_takes_the_rates_that_the_grids_choose(grids):
    for name, grid in grids.items():
        rate = LECTURE.runs[name].training.learning_rate
        chosen = best(grid)
        known = [trial.learning_rate for trial in grid if chosen in (None, trial)]
        assert rate in known, f"{name}: lecture/params.yaml has {rate}, its grid chooses {known}"


def test_runs_of_a_network_share_its_rate(grids):
    """But those of the texture and of performances, of enlargement, and of pre-training."""
    tuned = {(LECTURE.runs[name].task, LECTURE.runs[name].training.learning_rate) for name in grids}
    for name, run in LECTURE.runs.items():
        untuned = ("image_texture", "performance_relative", "image_enlarged", "pretrained_")
        if not name.startswith(untuned):
            assert (run.task, run.training.learning_rate) in tuned, name


def test_the_lowest_loss_is_chosen_once_all_are_known():
    grid = [Trial("a", 1e-3, 2.0), Trial("b", 2e-3, 1.5), Trial("c", 4e-3, 1.7)]
    assert best(grid) == grid[1]
    assert best([*grid, Trial("d", 8e-3, None)]) is None


def test_the_committed_grids_are_those_of_the_committed_curves(grids):
    assert read_rates() == grids


def test_the_command_prints_and_records_each_grid(scale, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("pipeline.reporting.rates.FILE", tmp_path / FILE.name)
    run = scale.runs["music_relative"]
    runs = {f"music_rate_{number}": run for number in (1, 2)}
    monkeypatch.setattr(config, "load", lambda: scale.model_copy(update={"runs": runs}))
    header = "step,learning_rate,train_loss,validation_loss,padding\n"
    Path("reports/curves/music_rate_1.csv").write_text(f"{header}10,0.1,3.0,2.5,0\n")
    rates.main()
    rate = f"{run.training.learning_rate:g}"
    assert capsys.readouterr().out == f"music: not known ({rate}: 2.5000, {rate}: not run)\n"
    Path("reports/curves/music_rate_2.csv").write_text(f"{header}10,0.1,3.0,2.25,0\n")
    rates.main()
    assert capsys.readouterr().out == f"music: {rate} ({rate}: 2.5000, {rate}: 2.2500)\n"
    assert [trial.loss for trial in read_rates(tmp_path / FILE.name)["music"]] == [2.5, 2.25]


def test_a_run_of_no_grid_is_told(scale):
    with pytest.raises(ConfigError, match="runs.translation_sinusoid is not named <name>_rate_<"):
        read_grids(scale)
