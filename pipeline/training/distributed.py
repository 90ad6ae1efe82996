"""Data-parallel training in processes that torchrun starts, on one or several machines.

Each process computes its share of the rows of every batch, and DistributedDataParallel all-reduces
the gradients, so updates do not depend on the number of processes but for rounding and dropout.
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

_PIPELINE = Path(__file__).parents[1]  # as a folder: runs this code, whichever is installed


def has_to_start(run: str, training: Training) -> bool:
    """Whether the processes of `run` have to be started, because torchrun did not start this one.

    Raises ConfigError if torchrun started another number of processes than the run has.
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
    """Run a command of the pipeline in all processes of `training`, on this machine.

    A process reports its own errors. Raises PipelineError if one was killed by a signal.
    """
    logging.disable()
    os.environ.setdefault("OMP_NUM_THREADS", str(training.threads))
    count = f"--nproc-per-node={training.processes}"
    try:
        torchrun(parse_args(["--standalone", count, str(_PIPELINE), *command]))
    except ChildFailedError as error:
        rank, failure = error.get_first_failure()
        if failure.exitcode < 0:
            raise PipelineError(f"process {rank} was killed by {failure.signal_name()}") from None
        sys.exit(failure.exitcode)
    except SignalException as stopped:
        sys.exit(128 + stopped.sigval)


@contextmanager
def process_group(training: Training) -> Iterator[None]:
    """Initialise torch.distributed for the block; a no-op for one process.

    Raises PipelineError if another process ends before.
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
            raise PipelineError(f"process {rank()}: lost another process; see its error") from None
        raise
    except KeyboardInterrupt:
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # torchrun passes Ctrl-C on a second time
        if rank() == 0:
            raise
        sys.exit(130)
    finally:
        dist.destroy_process_group()


def rank() -> int:
    """Rank of this process; rank 0 writes files and reports progress."""
    return dist.get_rank() if dist.is_initialized() else 0


def world_size() -> int:
    """Number of processes."""
    return dist.get_world_size() if dist.is_initialized() else 1


def share(batch: Batch) -> tuple[Batch, int]:
    """Return the rows of `batch` that this process computes, and their number of targets.

    A process without a row gets the first with a count of 0, because every process has to take
    part in the all-reduce.
    """
    part = batch.rows(slice(rank(), None, world_size()))
    if len(part.targets):
        return part, part.target_count
    return batch.rows(slice(1)), 0


def parallel(model: nn.Module) -> nn.Module:
    """Wrap `model` so that its backward pass averages gradients over all processes.

    Broadcasts the weights of process 0.
    """
    return DistributedDataParallel(model) if world_size() > 1 else model


def gradient_sync(network: nn.Module, enabled: bool) -> AbstractContextManager:
    """Enable or disable the gradient all-reduce of a `parallel` network inside the block."""
    return nullcontext() if enabled or world_size() == 1 else network.no_sync()


def all_reduce(*values: float) -> list[float]:
    """Return the sum of each value over all processes."""
    if world_size() == 1:
        return list(values)
    device = "cuda" if dist.get_backend() == "nccl" else "cpu"
    sums = torch.tensor(values, dtype=torch.float64, device=device)
    dist.all_reduce(sums)
    return sums.tolist()


def broadcast(make: Callable[[], bytes | None]) -> bytes | None:
    """Call `make` in process 0 and return its result in all processes."""
    if world_size() == 1:
        return make()
    objects = [make() if rank() == 0 else None]
    dist.broadcast_object_list(objects)
    return objects[0]
