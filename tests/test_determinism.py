"""What compute_deterministically sets, in processes of their own."""

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
_PROGRAM = """
import json, sys
import torch
from models.settings import Numerics
from pipeline.determinism import compute_deterministically
compute_deterministically(1, Numerics.NATIVE)
imported = [name for name in ("torch._inductor", "torch._dynamo") if name in sys.modules]
import torch._inductor.config
print(json.dumps([
    torch.are_deterministic_algorithms_enabled(),
    torch.is_deterministic_algorithms_warn_only_enabled(),
    torch.get_num_threads(),
    torch._inductor.config.deterministic,
    imported,
]))
"""


def test_kernels_and_a_later_compilation_are_deterministic_without_importing_the_compiler():
    """The compiler takes as long to import as the rest of torch."""
    environment = {key: value for key, value in os.environ.items() if "INDUCTOR" not in key}
    command = [sys.executable, "-c", _PROGRAM]
    printed = subprocess.check_output(command, cwd=ROOT, env=environment)
    assert json.loads(printed) == [True, False, 1, True, []]
