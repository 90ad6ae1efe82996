"""A run retraced up to the first row of its curve, on a handful of images."""

from pathlib import Path

import pytest

from pipeline import retrace, train
from pipeline.errors import ConfigError, DataError
from tests.test_train import CURVE, RUN, configure, scale  # noqa: F401 (a fixture)


def test_the_row_of_the_same_training_is_the_same(scale, capsys):  # noqa: F811
    train.main(RUN)
    before = sorted(path for path in scale.rglob("*") if path.is_file())
    retrace.main(RUN)
    said = capsys.readouterr().out
    assert said.startswith(f"{RUN}: 6 of 12 updates: the same row as {CURVE}, validation loss ")
    assert sorted(path for path in scale.rglob("*") if path.is_file()) == before


def test_another_row_is_told_with_what_differs(scale):  # noqa: F811
    train.main(RUN)
    configure(seed=2)
    with pytest.raises(SystemExit) as ended:
        retrace.main(RUN)
    told = str(ended.value)
    assert told.startswith(f"{RUN}: 6 of 12 updates: another row than {CURVE}: train_loss ")
    assert "validation_loss" in told and "learning_rate" not in told


def test_without_a_curve_there_is_nothing_to_compare_with(scale):  # noqa: F811
    with pytest.raises(DataError, match=f"^{CURVE}: no loss curve to compare with; train {RUN}$"):
        retrace.main(RUN)
    Path(CURVE).parent.mkdir(parents=True)
    Path(CURVE).write_text("step,train_loss\n")
    with pytest.raises(DataError, match="no loss curve"):
        retrace.main(RUN)


def test_a_run_of_several_processes_is_refused(scale):  # noqa: F811
    configure(processes=2)
    with pytest.raises(ConfigError, match="processes = 1 and compile = false; train this one anew"):
        retrace.main(RUN)
