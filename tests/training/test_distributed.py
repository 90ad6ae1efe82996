import multiprocessing
import socket
from functools import partial

import pytest
import torch
import torch._dynamo  # once here, and not in every process

from pipeline.training import distributed
from pipeline.training.batches import Batch
from pipeline.training.trainer import train
from tests.training.toys import (
    Reversal,
    adam,
    network,
    reversed_pairs,
    sequences,
    trained,
    training,
)

PROCESSES = multiprocessing.get_context("fork")
LAYER = {"num_layers": 1}


class Uneven(Reversal):
    """Batches of one row or four: a process has no row, or more targets than another."""

    def batch(self, number: int) -> Batch:
        return reversed_pairs(sequences(1 if number % 3 else 4, [number]))


class Stopped(Reversal):
    """Batches that end all processes at a step."""

    def batch(self, number: int) -> Batch:
        if number == 8:
            raise SystemExit
        return super().batch(number)


def in_processes(count, action):
    """What `action` returns in each of so many processes, started as torchrun does it."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    results = PROCESSES.Queue()

    def run(rank):
        with pytest.MonkeyPatch.context() as patch:
            numbers = {"RANK": rank, "LOCAL_RANK": rank, "WORLD_SIZE": count}
            for name, value in (address | numbers).items():
                patch.setenv(name, str(value))
            with distributed.process_group(training(processes=count)):
                results.put((rank, action()))

    processes = [PROCESSES.Process(target=run, args=(rank,)) for rank in range(count)]
    for process in processes:
        process.start()
    found = dict(results.get(timeout=120) for process in processes)
    for process in processes:
        process.join()
    return [found[rank] for rank in range(count)]


def _double(folder, processes):
    settings = training(processes=processes, accumulate_batches=2, optimizer=adam(1e-4))
    model = network(settings, dropout=0.0, attention_dropout=0.0, **LAYER).double()
    curve = train(model, Uneven(), settings, folder, "toy")
    return curve, torch.nn.utils.parameters_to_vector(model.parameters()).tolist()


def test_two_processes_train_as_one(tmp_path):
    curve, weights = _double(tmp_path, 1)
    for other_curve, other_weights in in_processes(2, partial(_double, tmp_path / "two", 2)):
        for row, other in zip(curve, other_curve, strict=True):
            assert other == pytest.approx(row, rel=1e-10)
        assert other_weights == pytest.approx(weights, rel=1e-10, abs=1e-10)


def test_three_processes_go_on_with_the_same_bytes(tmp_path):
    """Three, because the order of a sum does not matter to two."""
    settings = training(processes=3)

    def run(folder, batches):
        try:
            return trained(folder / str(distributed.rank()), settings, batches, **LAYER)
        except SystemExit:
            return None

    undisturbed = in_processes(3, partial(run, tmp_path / "undisturbed", Reversal(rows=8)))
    assert undisturbed[0] == undisturbed[1] == undisturbed[2]
    assert in_processes(3, partial(run, tmp_path / "stopped", Stopped(rows=8))) == [None] * 3
    assert in_processes(3, partial(run, tmp_path / "stopped", Reversal(rows=8))) == undisturbed
