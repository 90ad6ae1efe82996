"""What importing the code does to a process, which is nothing, and what preparing one does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline import process, processor

ROOT = Path(__file__).parents[1]
NUMPY = {"NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR", "OPENBLAS_CORETYPE": "Haswell"}
UNPREPARED = {
    name: value
    for name, value in os.environ.items()
    if name not in ("GOMP_SPINCOUNT", "PYTHONDONTWRITEBYTECODE", *NUMPY)
}
LINUX_ALONE = pytest.mark.skipif(sys.platform != "linux", reason="prctl and libgomp are Linux's")

# Everything of the process that the pipeline ever changes, and more; 2 is PR_GET_PDEATHSIG.
_STATE = """
import ctypes, json, os, signal, sys

def state():
    death_signal = ctypes.c_int()
    ctypes.CDLL(None).prctl(2, ctypes.byref(death_signal))
    handlers = {number: str(signal.getsignal(number)) for number in signal.valid_signals()}
    return {
        "environment": dict(os.environ),
        "death signal": death_signal.value,
        "signals": handlers,
        "compiles": not sys.dont_write_bytecode,
        "path": list(sys.path),
        "folder": os.getcwd(),
    }
"""
_IMPORT_ALL = """
import pkgutil
import sacremoses, symusic, torch  # what these change is theirs
try:
    import ctranslate2  # the same; an extra, of one module
except ModuleNotFoundError:
    sys.modules["pipeline.tasks.translation.export"] = None
    sys.modules["pipeline.tasks.translation.ctranslate2_search"] = None
before = state()
import models, pipeline
for package in models, pipeline:
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
        if sys.modules.get(module.name, module) is not None:
            __import__(module.name)
after = state()
print(json.dumps([key for key in before if before[key] != after[key]]))
print(json.dumps(sorted(name for name in sys.modules if name.startswith(("models.", "pipeline.")))))
"""


@pytest.fixture
def run(tmp_path):
    """Run a program that knows `state`; its lines. What Python compiles lands elsewhere."""

    def lines(program: str, **environment: str) -> list[str]:
        command = [sys.executable, "-X", f"pycache_prefix={tmp_path}", "-c", _STATE + program]
        environment = UNPREPARED | environment
        return subprocess.check_output(command, cwd=ROOT, env=environment, text=True).splitlines()

    return lines


@LINUX_ALONE
def test_importing_every_module_changes_nothing_of_the_process(run):
    changed, imported = map(json.loads, run(_IMPORT_ALL, DVC_STAGE="train@run"))
    assert changed == []
    assert {"models.settings", "pipeline.train", "pipeline.process"} <= set(imported)


@LINUX_ALONE
@pytest.mark.parametrize(
    ("starter", "death_signal"), [("DVC_STAGE", ["death signal"]), ("USER", [])]
)
def test_preparing_a_process_changes_this_and_no_more(run, starter, death_signal):
    program = """
from pipeline.process import prepare
before = state()
prepare()
after = state()
print(json.dumps([key for key in before if before[key] != after[key]]))
print(json.dumps(sorted(after["environment"].items() - before["environment"].items())))
"""
    changed, environment = map(json.loads, run(program, **{starter: "train@run"}))
    assert changed == ["environment", *death_signal, "compiles"]
    expected = {"GOMP_SPINCOUNT": "300", "PYTHONDONTWRITEBYTECODE": "1"}
    expected |= NUMPY if processor.vectors() else {}
    assert dict(environment) == expected


@LINUX_ALONE
@pytest.mark.parametrize(("asked", "set_to"), [({}, "300"), ({"GOMP_SPINCOUNT": "7"}, "7")])
def test_threads_of_torch_sleep_soon_if_the_user_does_not_say_when(asked, set_to):
    """libgomp tells its settings when a command loads it."""
    told = subprocess.run(
        [sys.executable, ROOT / "pipeline", "migrate", "missing", "new"],
        env=UNPREPARED | {"OMP_DISPLAY_ENV": "verbose"} | asked,
        capture_output=True,
        text=True,
    ).stderr
    assert f"GOMP_SPINCOUNT = '{set_to}'" in told


def test_numpy_computes_as_with_avx2_alone(run):
    program = """
from pathlib import Path
from pipeline.process import prepare
prepare()
import numpy
from numpy._core._multiarray_umath import __cpu_features__ as features
(openblas,) = Path(numpy.__file__).parents[1].glob("numpy.libs/libscipy_openblas*")
core = ctypes.CDLL(openblas).scipy_openblas_get_corename64_
core.restype = ctypes.c_char_p
print(json.dumps([
    [features[name] for name in ("X86_V3", "X86_V4", "AVX512_ICL", "AVX512_SPR")],
    core().decode(),
]))
"""
    if not processor.vectors():
        pytest.skip("this processor has no AVX2")
    (line,) = run(program)
    assert json.loads(line) == [[True, False, False, False], "Haswell"]


def test_numpy_is_left_alone_without_avx2(monkeypatch):
    monkeypatch.setattr(processor, "vectors", lambda: "")
    for name in NUMPY:
        monkeypatch.delenv(name, raising=False)
    process.prepare()
    assert not NUMPY.keys() & os.environ.keys()
