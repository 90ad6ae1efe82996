"""However a training is ended, started again it ends with the bytes of an undisturbed one."""

import multiprocessing
import os
import random
import resource
import signal
import sys
import time

import pytest

from models import store
from pipeline.console import exit_on_error
from pipeline.settings.training import CheckpointSelection
from pipeline.training import checkpoint
from pipeline.training.batches import Batch
from tests.training.toys import OPTIMIZERS, Reversal, trained, training

PROCESSES = multiprocessing.get_context("fork")


class Interrupted(Reversal):
    """Batches that end with Ctrl-C at a step."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step = step

    def batch(self, number: int) -> Batch:
        if number == self._step:
            signal.raise_signal(signal.SIGINT)
        return super().batch(number)


class Full(Reversal):
    """Batches that leave no room for files from step 5 on."""

    def batch(self, number: int) -> Batch:
        if number == 5:
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        return super().batch(number)


@pytest.fixture(autouse=True)
def _ctrl_c_is_heard():
    """Also where the tests were started in the background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("undisturbed"), training())


@pytest.mark.parametrize("steps", [[2], [4], [9], [11], [12], [4, 5, 8, 12]])
def test_an_interrupted_training_ends_with_the_same_bytes(tmp_path, undisturbed, steps, capsys):
    """Averaged are steps 8, 10 and 12, validated 5, 10 and 12, kept 3, 6 and 9."""
    for step in steps:
        with pytest.raises(KeyboardInterrupt):
            trained(tmp_path, training(), Interrupted(step))
    assert trained(tmp_path, training()) == undisturbed
    kept = [3 * ((step - 1) // 3) for step in steps]
    resumed = [f"resuming from step {step}" for step in kept if step]
    lines = capsys.readouterr().err.splitlines()
    assert [line[: line.index(" in ")] for line in lines if line.startswith("resuming")] == resumed


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=lambda settings: settings.kind)
def test_every_optimizer_goes_on_with_the_same_bytes(tmp_path, optimizer):
    settings = training(optimizer=optimizer)
    undisturbed = trained(tmp_path / "undisturbed", settings)
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, settings, Interrupted(9))
    assert trained(tmp_path, settings) == undisturbed


@pytest.mark.parametrize("selection", [CheckpointSelection.BEST, CheckpointSelection.LAST])
def test_the_selected_weights_outlive_an_interruption(tmp_path, selection):
    settings = training(checkpoint_selection=selection, validate_every=2, learning_rate=2.0)
    undisturbed, curve = trained(tmp_path / "undisturbed", settings)
    losses = [row["validation_loss"] for row in curve]
    assert losses.index(min(losses)) < 4  # the best is there before step 10
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, settings, Interrupted(11))
    assert trained(tmp_path, settings) == (undisturbed, curve)


def test_a_training_killed_twenty_times_ends_with_the_same_bytes(tmp_path):
    settings = training(steps=200, checkpoint_every=2, average_every=20, validate_every=100)
    sizes, few = {"num_layers": 1}, Reversal(rows=4)
    began = time.monotonic()
    undisturbed = trained(tmp_path / "undisturbed", settings, few, **sizes)
    step_seconds = (time.monotonic() - began) / 200

    def life():
        os.setsid()  # a group of its own
        child = PROCESSES.Process(target=trained, args=(tmp_path, settings, few), kwargs=sizes)
        child.start()
        child.join()

    random_numbers = random.Random(1)
    for kill in range(20):
        process = PROCESSES.Process(target=life)
        process.start()
        _await_checkpoints(tmp_path / "work" / checkpoint.FILE, random_numbers.randint(1, 4))
        time.sleep(random_numbers.uniform(0.0, 2 * step_seconds))
        if kill % 2:
            os.killpg(process.pid, signal.SIGKILL)
        else:  # the trainer alone
            (trainer,) = _children(process.pid)
            os.kill(trainer, signal.SIGKILL)
        process.join()
    assert not (tmp_path / store.WEIGHTS).exists()
    assert trained(tmp_path, settings, few, **sizes) == undisturbed


def _children(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as file:
        return [int(child) for child in file.read().split()]


def _await_checkpoints(path, count):
    """Wait until so many checkpoints were written."""
    last = _inode(path)
    deadline = time.monotonic() + 120.0
    while count:
        assert time.monotonic() < deadline
        time.sleep(0.0005)
        if _inode(path) != last:
            last, count = _inode(path), count - 1


def _inode(path):
    return path.stat().st_mtime_ns if path.exists() else None


@pytest.mark.parametrize("share", [0.0, 0.01, 0.999])
def test_a_training_whose_checkpoint_is_cut_short_begins_again(
    tmp_path, undisturbed, share, capsys
):
    with pytest.raises(KeyboardInterrupt):
        trained(tmp_path, training(), Interrupted(5))
    path = tmp_path / "work" / checkpoint.FILE
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    capsys.readouterr()
    assert trained(tmp_path, training()) == undisturbed
    told = [line for line in capsys.readouterr().err.splitlines() if not line.startswith("toy")]
    assert len(told) == 1
    assert told[0].startswith(f"{path}: damaged checkpoint (")
    assert told[0].endswith("; starting from step 0")


def _ended(action, folder):
    """Exit status and messages of a process that does what a stage's command does."""

    def child():
        signal.signal(signal.SIGINT, signal.default_int_handler)
        sys.stderr = (folder / "stderr").open("w")
        exit_on_error(action)

    process = PROCESSES.Process(target=child)
    process.start()
    process.join()
    return process.exitcode, (folder / "stderr").read_text().splitlines()


def test_a_full_disk_is_told_in_one_line_and_loses_nothing(tmp_path, undisturbed):
    status, lines = _ended(lambda: trained(tmp_path, training(), Full()), tmp_path)
    assert status == 1
    path = tmp_path / "work" / checkpoint.FILE
    assert len(lines) == 1
    assert lines[0].startswith(f"error: {path}: File too large (at least 0.1 MB needed, ")
    assert lines[0].endswith(" MB free); make room and start again")
    assert trained(tmp_path, training()) == undisturbed


@pytest.mark.parametrize(
    ("step", "told"),
    [
        (2, "toy: interrupted after step 1, no checkpoint yet"),
        (
            9,
            "toy: interrupted after step 8; the same command resumes from the checkpoint of step 6",
        ),
    ],
)
def test_ctrl_c_says_what_is_saved(tmp_path, step, told):
    assert _ended(lambda: trained(tmp_path, training(), Interrupted(step)), tmp_path) == (
        130,
        [told],
    )
