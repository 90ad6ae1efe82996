"""What this machine can compute; a run that asks for more is refused in one line."""

import os
import sys

import torch

from pipeline.config import PARAMS
from pipeline.errors import ConfigError
from pipeline.settings.training import Device, Precision, Training

# torch.cpu.get_capabilities: on x86, then on Arm. Other CPUs compute bfloat16 through float32.
_BFLOAT16 = ("amx_bf16", "avx512_bf16", "bf16", "sve_bf16")


def check_device(run: str, training: Training) -> None:
    """Raise ConfigError if the device of `run` is not there."""
    if training.device is Device.CUDA and not torch.cuda.is_available():
        reason = (
            "PyTorch finds no GPU" if torch.version.cuda else "this PyTorch is built without it"
        )
        _refuse(run, f"device = cuda, but {reason}; use cpu")


def to_use(run: str, training: Training) -> Training:
    """`training` on the CPU if its device is not there, which is said on the standard error.

    For commands that answer with the network of `run`; stages write what other machines compare.
    """
    if training.device is Device.CUDA and not torch.cuda.is_available():
        print(f"{run}: no GPU here, the CPU answers", file=sys.stderr)
        return training.model_copy(update={"device": Device.CPU})
    return training


def check_training(run: str, training: Training) -> None:
    """Raise ConfigError if `run` cannot be trained here with its device, processes, precision."""
    check_device(run, training)
    here = int(os.environ.get("LOCAL_WORLD_SIZE", training.processes))  # set by torchrun
    if training.device is Device.CUDA and here > torch.cuda.device_count():
        _refuse(
            run,
            f"processes = {training.processes}, {here} of them here, but this machine has "
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
