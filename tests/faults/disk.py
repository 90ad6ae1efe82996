"""A full disk at every stage, and one that cannot be written: python -m tests.faults.disk.

Each stage of the image run of the smoke scale gets a file system with less room than it needs. It
has to say so in one line with the path, leave nothing that looks finished, and end with the bytes
of an undisturbed run once there is room. Needs the right to mount; says so where that is missing.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from tests.faults.rows import record
from tests.faults.scale import hashes, stage, write_params

SEED, SIZES = 1, 3  # of the file system, for each stage
RUN = "image_local_2d"
STAGES = {
    "download": ("digits", ("data/raw/digits",)),
    "encode": ("digits", ("data/encoded/digits", "reports/data/digits.json")),
    "train": (RUN, (f"runs/{RUN}/model", f"reports/curves/{RUN}.csv")),
    "decode": (RUN, (f"runs/{RUN}/samples",)),
    "evaluate": (RUN, (f"runs/{RUN}/records", f"reports/metrics/{RUN}.json")),
}
_PAGE = 4096  # bytes: the least that a file takes, and by which the size of a file system goes
_ROOM = 256 << 20


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """A file system in memory at `folder`; RuntimeError where mounting is not allowed."""
    folder.mkdir()
    if _mount("-t", "tmpfs", "-o", f"size={_ROOM}", "tmpfs", str(folder)):
        raise RuntimeError("no right to mount a file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def _mount(*options: str) -> int:
    return subprocess.run(["mount", *options], capture_output=True).returncode


def remount(folder: Path, option: str) -> None:
    """Give the file system another size, or make it ro or rw."""
    assert _mount("-o", f"remount,{option}", str(folder)) == 0, option


def faults(before: Path, whole: Path, name: str, option: str, full: Path) -> list[str]:
    """Run stage `name` where `option` makes it fail; what is not as it should be."""
    argument, outputs = STAGES[name]
    shutil.copytree(before, full, dirs_exist_ok=True)
    remount(full, option)
    done = stage(full, name, argument)
    told = done.stderr.strip().splitlines()
    found = []
    if done.returncode != 1 or "Traceback" in done.stderr:
        found.append(f"ended with {done.returncode}: {done.stderr[-300:]}")
    elif not re.match("error: .*(MB needed|Read-only)", told[-1]):
        found.append(f"told {told[-1]!r}")
    undisturbed = hashes(whole, *outputs)
    half = {path for path, digest in hashes(full, *outputs).items() if undisturbed[path] != digest}
    if half:
        found.append(f"left {', '.join(sorted(half))}")
    remount(full, f"rw,size={_ROOM}")
    again = stage(full, name, argument)
    if again.returncode or hashes(full, *outputs) != undisturbed:
        found.append(f"did not end as undisturbed: {again.stderr[-300:]}")
    return found


def main() -> None:
    """Try every stage with every size and read-only; print and record the numbers."""
    random, tried, wrong = Random(SEED), Counter(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        whole = folder / "whole"
        write_params(whole, [RUN])
        for module, (argument, _) in STAGES.items():
            before = folder / f"before {module}"
            shutil.copytree(whole, before)
            done = stage(whole, module, argument)
            assert done.returncode == 0, done.stderr
            used, needed = taken(before, folder), taken(whole, folder)
            pages = [random.randrange(used // _PAGE, needed // _PAGE) for _ in range(SIZES)]
            sizes = [page * _PAGE for page in pages]
            for option in [f"size={size}" for size in sizes] + ["ro"]:
                full = folder / "full"
                with mounted(full):
                    found = faults(before, whole, module, option, full)
                full.rmdir()
                tried["read-only" if option == "ro" else "full"] += 1
                wrong += [f"{module}, {option}: {each}" for each in found]
            print(f"{module}: {SIZES} sizes and read-only")
    print(*wrong, sep="\n")
    record("disk", "python -m tests.faults.disk", {"tried": dict(tried), "wrong": len(wrong)})


def taken(content: Path, folder: Path) -> int:
    """The bytes that `content` takes in a file system in memory, which counts pages and folders."""
    with mounted(folder / "measured"):
        shutil.copytree(content, folder / "measured", dirs_exist_ok=True)
        used = shutil.disk_usage(folder / "measured").used
    (folder / "measured").rmdir()
    return used


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"not run: {error}")
