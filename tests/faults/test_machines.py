import os

import numpy as np
import pytest
from safetensors.numpy import save_file

from faults import machines, scale
from faults.machines import MACHINES, RUNS, TOLERANCE, Machine, compared


def finished(folder, difference=0.0, data="the same"):
    """Outputs of a machine: data, and weights that are multiples of `difference`, another a run."""
    (folder / "data").mkdir(parents=True)
    (folder / "data" / "ids").write_text(data)
    for number, run in enumerate(RUNS):
        (model := folder / "runs" / run / "model").mkdir(parents=True)
        weights = {
            "a": np.zeros((2, 3), np.float32),
            "b": np.full(4, difference * number, np.float32),
        }
        save_file(weights, model / "model.safetensors")
    return folder


@pytest.mark.parametrize(
    ("difference", "tolerance", "models", "within"),
    [
        (0.0, TOLERANCE, True, True),
        (TOLERANCE / 4, TOLERANCE, False, True),
        (-TOLERANCE, TOLERANCE, False, False),
        (np.nan, TOLERANCE, False, False),
        (0.0, 0.0, True, True),
        (1e-9, 0.0, False, False),
    ],
)
def test_models_are_within_the_tolerance_or_not(difference, tolerance, models, within, tmp_path):
    first, other = finished(tmp_path / "first"), finished(tmp_path / "other", difference)
    found = compared(first, other, tolerance)
    assert (found["data"], found["models"], found["within"]) == (True, models, within)
    assert found["largest difference"] == pytest.approx(2 * abs(difference), nan_ok=True)


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({}, None),
        ({"difference": 1e-9}, "weights by more than is allowed: other"),
        ({"data": "x"}, "other"),
    ],
    ids=["none", "weights", "data"],
)
def test_a_machine_that_differs_too_much_fails_and_is_recorded(changes, wrong, monkeypatch):
    found = {"as it is": Machine("plain"), "other": Machine("other")}
    rows = []
    monkeypatch.setattr(machines, "MACHINES", found)
    monkeypatch.setattr(machines, "record", lambda *row: rows.append(row))
    monkeypatch.setattr(
        machines,
        "run_on",
        lambda folder, machine: finished(folder, **(changes if folder.name == "other" else {})),
    )
    if wrong is None:
        machines.main()
    else:
        with pytest.raises(SystemExit, match=wrong):
            machines.main()
    ((_, _, numbers),) = rows
    results = numbers["compared with the machine as it is"]
    assert results["as it is"]["within"] is True
    assert results["other"]["within"] is ("difference" not in changes)


def test_one_core_is_one_core(tmp_path, monkeypatch):
    """A program in place of the pipeline, which prints on how many cores it may run."""
    (tmp_path / "pipeline").mkdir()
    program = "import os; print(len(os.sched_getaffinity(0)))"
    (tmp_path / "pipeline" / "__main__.py").write_text(program)
    monkeypatch.setattr(scale, "ROOT", tmp_path)
    cores = MACHINES["one core"].cores
    assert scale.stage(tmp_path, "where", cores=cores).stdout == "1\n"
    assert scale.stage(tmp_path, "where").stdout == f"{len(os.sched_getaffinity(0))}\n"
