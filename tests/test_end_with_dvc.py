"""A stage that dvc started ends when dvc is killed; what a user started does not."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

# The parent stands for dvc: it starts the stage, tells its number, and waits.
_PARENT = """
import subprocess, sys
stage = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
stage.wait()
"""
_STAGE = "import os, time, pipeline; print(os.getpid(), flush=True); time.sleep(60)"


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone ends a process with its parent")
@pytest.mark.parametrize(
    ("starter", "outlives"), [("DVC_STAGE", False), ("TORCHELASTIC_RUN_ID", False), ("USER", True)]
)
def test_a_stage_ends_with_dvc_and_outlives_a_shell(starter, outlives):
    starters = {"DVC_STAGE", "TORCHELASTIC_RUN_ID"}
    others = {name: value for name, value in os.environ.items() if name not in starters}
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, _STAGE],
        env=others | {starter: "train@run"},
        cwd=Path(__file__).parents[1],
        stdout=subprocess.PIPE,
    )
    stage = os.pidfd_open(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    ended = bool(select.select([stage], [], [], 0.3 if outlives else 10)[0])
    if not ended:
        signal.pidfd_send_signal(stage, signal.SIGKILL)
    os.close(stage)
    assert ended != outlives
