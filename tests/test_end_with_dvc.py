"""A stage that dvc started ends with dvc, and its workers too; what a user started does not."""

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="Linux alone ends a process with its parent"
)
ROOT = Path(__file__).parents[1]
# The parent stands for dvc: it starts the stage, tells its number, and waits.
_PARENT = """
import subprocess, sys
stage = subprocess.Popen([sys.executable, "-c", sys.argv[1]])
stage.wait()
"""
_STAGE = """
import os, time
from pipeline.process import prepare
prepare()
print(os.getpid(), flush=True)
time.sleep(60)
"""
# Stages that wait for their workers; a worker tells its number.
_OF_TRANSLATION = """
from pipeline.process import prepare
prepare()
from pipeline.encoding.workers import ordered_map
work = ["print(__import__('os').getpid(), flush=True)", "__import__('time').sleep(60)"]
list(ordered_map(eval, work, 2))
"""
_OF_MUSIC = """
from pipeline.process import prepare
prepare()
from pipeline.tasks.music.encoding.midi_reader import read_performances
from tests.tasks.music.waiting import Waiting
read_performances([Waiting("a.mid", None, None, None)], 1, 60.0)
"""


def ends_with_parent(program: str, starter: str, patience: float) -> bool:
    """Whether the process that tells its number ends within so many seconds of the parent's."""
    starters = {"DVC_STAGE", "TORCHELASTIC_RUN_ID"}
    others = {name: value for name, value in os.environ.items() if name not in starters}
    parent = subprocess.Popen(
        [sys.executable, "-c", _PARENT, program],
        env=others | {starter: "train@run"},
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    told = os.pidfd_open(int(parent.stdout.readline()))
    parent.kill()
    parent.wait()
    ended = bool(select.select([told], [], [], patience)[0])
    if not ended:
        signal.pidfd_send_signal(told, signal.SIGKILL)
    os.close(told)
    return ended


@pytest.mark.parametrize("starter", ["DVC_STAGE", "TORCHELASTIC_RUN_ID"])
def test_a_stage_ends_with_dvc(starter):
    assert ends_with_parent(_STAGE, starter, patience=10)


def test_what_a_user_started_outlives_the_shell():
    assert not ends_with_parent(_STAGE, "USER", patience=0.3)


@pytest.mark.parametrize("program", [_OF_TRANSLATION, _OF_MUSIC], ids=["translation", "music"])
def test_the_workers_of_a_stage_end_with_dvc(program):
    assert ends_with_parent(program, "DVC_STAGE", patience=10)
