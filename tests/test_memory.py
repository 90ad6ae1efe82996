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


LARGE = "bytearray(200 << 20)"
IN_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{LARGE}'])"


@pytest.mark.parametrize("before", [LARGE, IN_A_CHILD])
def test_the_peak_is_that_of_the_largest_process(before):
    program = f"from pipeline.memory import peak_memory; {before}; print(peak_memory())"
    # A shell between, because a process starts with the peak of the one that it is forked from.
    command = ["sh", "-c", '"$0" -c "$1"; true', sys.executable, program]
    peak = int(subprocess.check_output(command, cwd=ROOT, text=True))
    assert 200 << 20 < peak < 300 << 20
