import pytest
import torch

from models.settings import Numerics
from pipeline import decode, evaluate, train
from pipeline.errors import ConfigError
from pipeline.machine import check_device, check_training
from pipeline.settings.training import Device, Precision
from tests.conftest import PARAMS
from tests.training.toys import training


@pytest.fixture
def _no_gpu(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.mark.usefixtures("_no_gpu")
@pytest.mark.parametrize("stage", [train, decode, evaluate])
def test_a_missing_gpu_is_told_by_every_stage_that_needs_it(tmp_path, monkeypatch, stage):
    monkeypatch.chdir(tmp_path)
    text = PARAMS.read_text()
    (tmp_path / "params.yaml").write_text(
        text.replace("device: cpu ", "device: cuda ").replace(
            "numerics: reproducible", "numerics: native"
        )
    )
    with pytest.raises(ConfigError) as caught:
        stage.main("music_relative")
    told = str(caught.value)
    assert told.startswith("params.yaml: runs.music_relative.training.device = cuda, but ")
    assert told.endswith("; use cpu") and "\n" not in told


def test_a_gpu_for_each_process_is_asked_for(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    check_training("x", training(numerics=Numerics.NATIVE, device=Device.CUDA, processes=2))
    four = training(numerics=Numerics.NATIVE, device=Device.CUDA, processes=4)
    with pytest.raises(ConfigError, match="processes = 4, .* has 2 GPUs; use one process for"):
        check_training("x", four)
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")  # on each of two machines
    check_training("x", four)


@pytest.mark.parametrize(
    ("capabilities", "fits"),
    [
        ({"avx512_f": True, "avx512_bf16": False}, False),
        ({}, False),
        ({"avx512_bf16": True}, True),
        ({"amx_bf16": True}, True),
        ({"neon": True, "bf16": True}, True),
    ],
)
def test_bfloat16_needs_a_cpu_that_computes_it(monkeypatch, capabilities, fits):
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: capabilities)
    half = training(numerics=Numerics.NATIVE, precision=Precision.BFLOAT16)
    if fits:
        check_training("x", half)
    else:
        with pytest.raises(ConfigError, match="training.precision = bfloat16, but .*; use float32"):
            check_training("x", half)
    check_training("x", training())


@pytest.mark.parametrize("fits", [True, False])
def test_bfloat16_needs_a_gpu_that_computes_it(monkeypatch, fits):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda including_emulation: fits)
    half = training(numerics=Numerics.NATIVE, precision=Precision.BFLOAT16, device=Device.CUDA)
    if fits:
        check_training("x", half)
    else:
        with pytest.raises(ConfigError, match="the cuda here has no instructions for it"):
            check_training("x", half)


@pytest.mark.usefixtures("_no_gpu")
def test_a_cpu_needs_no_gpu():
    check_device("x", training())
