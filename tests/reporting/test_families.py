from pipeline import config
from pipeline.reporting.families import COLOURS, by_objective, families
from pipeline.reporting.results import Result, by_dataset
from tests.reporting.scale import ROOT


def results_of(scale: str) -> dict[str, list[Result]]:
    params = config.load(ROOT / scale / "params.yaml")
    return by_dataset(
        Result(name, run, params.datasets[run.dataset], {}, None)
        for name, run in params.runs.items()
        if "_seed_" not in name
    )


def test_runs_are_cut_by_the_setting_in_which_they_differ():
    translation = results_of("lecture")["libreoffice_help"]
    cut = {family.settings[0]: family for family in families(translation)}

    names = {key: [result.name for result in family.results] for key, family in cut.items()}
    assert names["model.num_heads"] == ["translation_relative", "translation_heads_1"]
    assert names["model.num_layers"] == [
        "translation_relative",
        "translation_residuals",
        "translation_no_residuals",
        "translation_no_residuals_positions",
    ]
    assert cut["model.num_layers"].settings == [
        "model.num_layers",
        "model.norm",
        "model.positions",
        "training",
        "model.residuals",
        "model.positions_at",
    ]
    assert "translation_lstm" in names["model.architecture"]
    assert "translation_no_smoothing" in names["training"]


def test_every_run_stands_in_one_family_and_the_first_in_each():
    for runs in results_of("lecture").values():
        cut = families(runs)
        assert all(family.results[0] is runs[0] for family in cut)
        others = [result.name for family in cut for result in family.results[1:]]
        assert sorted(others) == sorted(result.name for result in runs[1:])


def test_few_runs_are_not_cut():
    runs = results_of("lecture")["libreoffice_help"][:COLOURS]
    (family,) = families(runs)
    assert family.results == runs and family.settings == []


def test_runs_that_predict_other_things_share_no_figure():
    by_kind = by_objective(results_of("lecture")["help_programs"])
    kinds = [{run.run.training.objective.kind for run in group} for group in by_kind]
    assert sorted(map(str, (kind for (kind,) in kinds))) == ["class", "masked_pieces", "next_piece"]
    translation = results_of("lecture")["libreoffice_help"]
    assert by_objective(translation) == [translation]
