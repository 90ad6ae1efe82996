"""Checks of the hardware that a run needs."""

import os
import sys

import torch

from pipeline.config import PARAMS
from pipeline.errors import ConfigError
from pipeline.settings.training import Device, Precision, Training

# Names in torch.cpu.get_capabilities, x86 then Arm; other CPUs emulate bfloat16 in float32.
_BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")


def check_device(run: str, training: Training) -> None:
    """Raise ConfigError if the device of `run` is not available."""
    if training.device is Device.CUDA and not torch.cuda.is_available():
        reason = (
            "PyTorch finds no GPU" if torch.version.cuda else "this PyTorch is built without it"
        )
        _refuse(run, f"device = cuda, but {reason}; use cpu")


def to_use(run: str, training: Training) -> Training:
    """Return `training`, moved to the CPU with a warning on stderr if its GPU is not available.

    For interactive commands; outputs of stages have to be reproducible.
    """
    if training.device is Device.CUDA and not torch.cuda.is_available():
        print(f"{run}: no GPU available, using the CPU", file=sys.stderr)
        return training.model_copy(update={"device": Device.CPU})
    return training


def check_training(run: str, training: Training) -> None:
    """Raise ConfigError if this machine lacks the device, processes or precision of `run`."""
    check_device(run, training)
    local = int(os.environ.get("LOCAL_WORLD_SIZE", training.processes))  # set by torchrun
    if training.device is Device.CUDA and local > torch.cuda.device_count():
        _refuse(
            run,
            f"processes = {training.processes}, {local} of them here, but this machine has "
            f"{torch.cuda.device_count()} GPUs; use one process for each",
        )
    if training.precision is Precision.BFLOAT16 and not _has_bfloat16(training.device):
        _refuse(
            run,
            f"precision = bfloat16, but the {training.device} here has no instructions for it and "
            "would be slower; use float32",
        )


def _has_bfloat16(device: Device) -> bool:
    if device is Device.CUDA:
        return torch.cuda.is_bf16_supported(including_emulation=False)
    capabilities = torch.cpu.get_capabilities()
    return any(capabilities.get(name, False) for name in _BFLOAT16)


def _refuse(run: str, problem: str) -> None:
    raise ConfigError(f"{PARAMS}: runs.{run}.training.{problem}")
