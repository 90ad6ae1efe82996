import re

import pytest

from models.errors import SequenceError
from pipeline.console import exit_on_error, run_stage
from pipeline.errors import DataError


@pytest.mark.parametrize("kind", [DataError, SequenceError])
def test_an_error_that_is_told_is_one_line_without_a_traceback(kind):
    def fail() -> None:
        raise kind("too long; choose a larger one")

    with pytest.raises(SystemExit, match="^error: too long; choose a larger one$"):
        exit_on_error(fail)


def test_a_stage_ends_with_its_time_and_memory(capsys):
    run_stage("some_run", lambda: print("did it"))
    printed = capsys.readouterr()
    assert printed.out == "did it\n"
    pattern = (
        r"some_run: \d\.\d s, \d+\.\d s of processor time, \d+\.\d\d GB in the largest process\n"
    )
    assert re.fullmatch(pattern, printed.err)


@pytest.mark.parametrize(
    "error", [DataError("damaged:\n- gz\n- bz2"), OSError("damaged:\n- gz\n- bz2\n")]
)
def test_an_error_of_many_lines_is_told_in_one(error):
    def fail() -> None:
        raise error

    with pytest.raises(SystemExit, match="^error: (input/output: )?damaged: - gz - bz2$"):
        exit_on_error(fail)
