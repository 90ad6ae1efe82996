"""Process setup, before other modules are imported.

A process that dvc or torchrun started ends when they are killed: it would continue unseen, and
write into files of the next run. A process that a user started continues: `nohup python -m pipeline
train run &` outlives its shell. For dvc to be the parent process, its shell has to `exec` the
command, as dvc.yaml does.
"""

import ctypes
import io
import os
import signal
import sys
from pathlib import Path

from pipeline import processor

_PARENT_VARIABLES = {"DVC_STAGE", "TORCHELASTIC_RUN_ID"}  # set by dvc and torchrun
# NumPy computes as on a processor with AVX2 alone: its loops for AVX-512 (as of exp, log and power)
# and the kernels that OpenBLAS takes for a processor round differently.
_NUMPY = {
    "NPY_DISABLE_CPU_FEATURES": "X86_V4 AVX512_ICL AVX512_SPR",
    "OPENBLAS_CORETYPE": "Haswell",
}
_STREAMS = (("stdin", "r"), ("stdout", "w"), ("stderr", "w"))  # by number, with their modes
_PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


def prepare() -> None:
    """Set up this process; call it before importing NumPy or torch, and first in every worker.

    Child processes inherit the environment variables.
    """
    _open_streams()
    # How long an idle thread of torch spins before it sleeps; read when torch is imported. With the
    # default, threads on shared cores often spin for one that is not running.
    os.environ.setdefault("GOMP_SPINCOUNT", "300")
    if processor.vectors():
        os.environ.update(_NUMPY)
    # For lecture/ and paper/ the code is outside of dvc's folder, where .dvcignore has no effect:
    # compiled modules would change the hash of the code, and every stage would run again.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    if sys.platform == "linux" and os.environ.keys() & _PARENT_VARIABLES:
        _end_with_parent()


def _open_streams() -> None:
    """Make the standard streams usable, whatever the parent process left of them.

    A stream that is closed becomes /dev/null: the next file that is opened would take its place
    otherwise, and get what is printed. A character that the encoding of a stream lacks is escaped.
    """
    for number, (name, mode) in enumerate(_STREAMS):
        if getattr(sys, name) is None:
            null = os.open(os.devnull, os.O_RDWR)
            if null != number:
                os.dup2(null, number)
                os.close(null)
            setattr(sys, name, open(number, mode, encoding="utf-8", closefd=False))  # noqa: SIM115
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a notebook has its own
            stream.reconfigure(errors="backslashreplace")


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    adopted = os.getppid() == 1 and b"dvc" not in Path("/proc/1/cmdline").read_bytes()
    if adopted and "DVC_STAGE" in os.environ:
        sys.exit("error: dvc was killed as this stage started; run dvc repro again")
