"""One training in several processes, which torchrun starts, on one machine or on several.

Each process computes its share of the rows of every batch, and DistributedDataParallel adds up the
gradients, so any number of them makes the same updates but for rounding and dropout.
"""

import logging
import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

import torch
import torch.distributed as dist
from torch import nn
from torch.distributed.elastic.multiprocessing.api import SignalException
from torch.distributed.elastic.multiprocessing.errors import ChildFailedError
from torch.distributed.run import parse_args
from torch.distributed.run import run as torchrun
from torch.nn.parallel import DistributedDataParallel

from pipeline.config import PARAMS
from pipeline.errors import ConfigError, PipelineError
from pipeline.settings.training import Device, Training
from pipeline.training.batches import Batch

_PIPELINE = Path(__file__).parents[1]  # as a folder: the same code as this, whichever is installed


def has_to_start(run: str, training: Training) -> bool:
    """Whether the processes of `run` have to be started, as torchrun did not do it.

    Raises ConfigError if torchrun started another number than the run asks for.
    """
    started = os.environ.get("WORLD_SIZE")
    if started is None:
        return training.processes > 1
    if int(started) != training.processes:
        raise ConfigError(
            f"{PARAMS}: runs.{run}.training.processes = {training.processes}, but torchrun started "
            f"{started}; make them equal"
        )
    return False


def start(training: Training, *command: str) -> None:
    """Run a command of the pipeline once for each process of `training`, all on this machine.

    What goes wrong is told by the process where it does; here only that one was killed.
    """
    logging.disable()
    os.environ.setdefault("OMP_NUM_THREADS", str(training.threads))
    count = f"--nproc-per-node={training.processes}"
    try:
        torchrun(parse_args(["--standalone", count, str(_PIPELINE), *command]))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            raise PipelineError(f"process {rank} died of {failure.signal_name()}") from None
        sys.exit(failure.exitcode)
    except SignalException as stopped:
        sys.exit(128 + stopped.sigval)


@contextmanager
def joined(training: Training) -> Iterator[None]:
    """Initialise torch.distributed for the block; a no-op for one process.

    Raises PipelineError if another process is lost.
    """
    if training.processes == 1:
        yield
        return
    if training.device is Device.CUDA:
        torch.cuda.set_device(int(os.environ["LOCAL_RANK"]))
    dist.init_process_group("nccl" if training.device is Device.CUDA else "gloo")
    try:
        yield
    except RuntimeError as error:
        if isinstance(error, dist.DistError) or "gloo" in str(error):
            raise PipelineError(f"process {rank()}: another one is gone; see why") from None
        raise
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # torchrun passes Ctrl-C on a second time
        if rank() == 0:
            raise
        sys.exit(130)
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """The number of this process, from 0: the one that writes files and tells the progress."""
    return dist.get_rank() if dist.is_initialized() else 0


def processes() -> int:
    """How many processes there are."""
    return dist.get_world_size() if dist.is_initialized() else 1


def share(batch: Batch) -> tuple[Batch, int]:
    """The rows of `batch` that this process computes, and how many targets they have.

    A process that is left without a row takes the first with a count of 0, because every process
    has to take part in the all-reduce.
    """
    own = batch.rows(slice(rank(), None, processes()))
    if len(own.targets):
        return own, own.target_count
    return batch.rows(slice(1)), 0


def parallel(model: nn.Module) -> nn.Module:
    """`model` wrapped for training: its backward pass averages gradients over all processes.

    Weights are broadcast from process 0.
    """
    return DistributedDataParallel(model) if processes() > 1 else model


def gradient_sync(network: nn.Module, now: bool) -> AbstractContextManager:
    """Whether backward passes in the block all-reduce gradients of a `parallel` network."""
    return nullcontext() if now or processes() == 1 else network.no_sync()


def all_reduce(*values: float) -> list[float]:
    """The sum over all processes of each of `values`."""
    if processes() == 1:
        return list(values)
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    sums = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(sums)
    return sums.tolist()


def broadcast(make: Callable[[], bytes | None]) -> bytes | None:
    """What `make` returns in process 0, the only one that calls it."""
    if processes() == 1:
        return make()
    made = [make() if rank() == 0 else None]
    dist.broadcast_object_list(made)
    return made[0]
