import pytest

from models.errors import SequenceError
from pipeline.console import exit_on_error
from pipeline.errors import DataError


@pytest.mark.parametrize("kind", [DataError, SequenceError])
def test_an_error_that_is_told_is_one_line_without_a_traceback(kind):
    def fail() -> None:
        raise kind("too long; choose a larger one")

    with pytest.raises(SystemExit, match="^error: too long; choose a larger one$"):
        exit_on_error(fail)
