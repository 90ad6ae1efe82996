import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.cluster import torchrun


@pytest.mark.parametrize(
    ("program", "told", "status"),
    [
        ("import os; os.kill(os.getpid(), 9)", "error: process 0 was killed by SIGKILL\n", 1),
        ("import sys; sys.exit('error: a: wrong')", "error: a: wrong\n", 1),
    ],
    ids=["killed", "failed"],
)
def test_a_process_that_fails_is_told_in_one_line(program, told, status, tmp_path):
    (tmp_path / "program.py").write_text(program)
    command = [sys.executable, torchrun.__file__, "--standalone", "--nproc-per-node=1"]
    done = subprocess.run(
        [*command, str(Path(tmp_path / "program.py"))], capture_output=True, text=True
    )
    said = [line for line in done.stderr.splitlines(keepends=True) if not line.startswith("[W")]
    assert (said, done.returncode) == ([told], status)
