"""What a process of the pipeline is told before it loads the rest.

A process that dvc or torchrun started ends when they are killed: it would work on unseen, and write
into the files of the run that follows. What a user started lives as long as the user wants: `nohup
python -m pipeline train run &` outlives its shell. For dvc to be the parent, the shell that it
calls has to `exec` the command, which dvc.yaml does.
"""

import ctypes
import os
import signal
import sys
from pathlib import Path

_STARTERS = {"DVC_STAGE", "TORCHELASTIC_RUN_ID"}  # variables that they set
_PR_SET_PDEATHSIG = 1  # of <sys/prctl.h>


def prepare() -> None:
    """Prepare this process; to be called before torch is imported, and first in every worker.

    The environment is for the processes that this one starts too.
    """
    # How long a thread of torch looks for work before it sleeps; read when torch is loaded. The
    # default is so long that on cores which others use too, a thread often waits for one that is
    # not running.
    os.environ.setdefault("GOMP_SPINCOUNT", "300")
    # In lecture/ and paper/ the code lies outside of dvc's folder, where .dvcignore does not reach:
    # compiled modules beside it would be a change of the code, and every stage would run again.
    sys.dont_write_bytecode = True
    os.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    if sys.platform == "linux" and os.environ.keys() & _STARTERS:
        _end_with_parent()


def _end_with_parent() -> None:
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    adopted = os.getppid() == 1 and b"dvc" not in Path("/proc/1/cmdline").read_bytes()
    if adopted and "DVC_STAGE" in os.environ:
        sys.exit("error: dvc was killed as this stage began; run dvc repro again")
