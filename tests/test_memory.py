import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FAULTS = """
import resource
from pipeline.memory import keep_freed_memory
{before}
def step():
    [bytearray(3_000_000) for _ in range(8)]  # freed when the next step allocates them again
step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults(before: str) -> int:
    """Page faults of ten steps that allocate the same 24 MB."""
    program = FAULTS.format(before=before)
    return int(subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True))


@pytest.mark.skipif(sys.platform != "linux", reason="only the C library of Linux is asked")
def test_memory_that_was_freed_is_allocated_again_without_page_faults():
    assert faults("keep_freed_memory()") < 100 < 10_000 < faults("")
