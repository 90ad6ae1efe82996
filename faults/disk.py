"""A full disk at every stage, and one that cannot be written: python -m faults.disk.

Each stage of the smoke scale gets a file system with less room than it needs. It has to say so in
one line with the path, leave nothing that looks finished, and end with the bytes of an undisturbed
run once there is room. So has all of it under dvc, which fills its cache too and has words of its
own. Needs the right to mount; says so where that is missing.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from random import Random
from typing import NamedTuple

from faults import kills
from faults.copies import call, fresh_copy
from faults.rows import record
from faults.scale import RUNS, hashes, stage, write_params

SEED, SIZES = 1, 3  # of the file system, for each stage
PLACES = "(data|runs|reports|[.]work)[/:]"  # where stages write: a message begins with a path there
_PAGE = 4096  # bytes: the least that a file takes, and by which the size of a file system goes
_ROOM = 512 << 20


class Stage(NamedTuple):
    """What is called, with which arguments, and what it writes."""

    module: str
    arguments: list[str]
    outputs: list[str]


def stages() -> Iterator[Stage]:
    """Every stage of the smoke scale, each after those that it needs."""
    for run, data in RUNS.items():
        yield Stage("download", [data], [f"data/raw/{data}"])
        yield Stage("encode", [data], [f"data/encoded/{data}", f"reports/data/{data}.json"])
        yield Stage("train", [run], [f"runs/{run}/model", f"reports/curves/{run}.csv"])
        yield Stage("decode", [run], [f"runs/{run}/samples"])
        yield Stage("evaluate", [run], [f"runs/{run}/records", f"reports/metrics/{run}.json"])
    yield Stage("report", [], ["reports/index.html"])


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
        folder.rmdir()


def _mount(*options: str) -> int:
    return subprocess.run(["mount", *options], capture_output=True).returncode


def remount(folder: Path, option: str) -> None:
    """Give the file system another size, or make it ro or rw."""
    assert _mount("-o", f"remount,{option}", str(folder)) == 0, option


def faults(before: Path, whole: Path, tried: Stage, option: str, full: Path) -> list[str]:
    """Run a stage where `option` makes it fail; what is not as it should be."""
    shutil.copytree(before, full, dirs_exist_ok=True)
    remount(full, option)
    done = stage(full, tried.module, *tried.arguments)
    told = done.stderr.strip().splitlines()
    found = []
    if done.returncode != 1 or "Traceback" in done.stderr:
        found.append(f"ended with {done.returncode}: {done.stderr[-300:]}")
    elif not re.match(f"error: {PLACES}.*(MB needed|Read-only)", told[-1]):
        found.append(f"told {told[-1]!r}")
    undisturbed = hashes(whole, *tried.outputs)
    left = hashes(full, *tried.outputs)
    half = {path for path, digest in left.items() if undisturbed[path] != digest}
    if half:
        found.append(f"left {', '.join(sorted(half))}")
    remount(full, f"rw,size={_ROOM}")
    again = stage(full, tried.module, *tried.arguments)
    if again.returncode or hashes(full, *tried.outputs) != undisturbed:
        found.append(f"did not end as undisturbed: {again.stderr[-300:]}")
    return found


def faults_of_dvc(fresh: Path, undisturbed: dict[str, str], option: str, full: Path) -> list[str]:
    """Do what `make repro` does where `option` makes it fail; what is not as it should be."""
    shutil.copytree(fresh, full, dirs_exist_ok=True, symlinks=True)
    remount(full, option)
    _, failed = kills.repro(full)
    found = [] if failed else ["did not fail"]
    remount(full, f"rw,size={_ROOM}")
    _, failed = kills.repro(full)
    if failed or kills.contents(full) != undisturbed:
        found.append(f"did not end as undisturbed: {failed}")
    return found


Tried = tuple[str, str, list[str]]  # the kind of disk, what was run on it, what went wrong


def try_stages(folder: Path, random: Random) -> Iterator[Tried]:
    """Each stage on file systems of several sizes, and on one that cannot be written."""
    whole, before, full = (folder / each for each in ("whole", "before", "full"))
    write_params(whole, RUNS)
    for each in stages():
        shutil.copytree(whole, before)
        done = stage(whole, each.module, *each.arguments)
        assert done.returncode == 0, done.stderr
        for option in [*too_small(taken(before, folder), taken(whole, folder), random), "ro"]:
            with mounted(full):
                found = faults(before, whole, each, option, full)
            kind = "read-only" if option == "ro" else "full"
            yield kind, f"{' '.join([each.module, *each.arguments])}, {option}", found
        shutil.rmtree(before)


def try_dvc(folder: Path, random: Random) -> Iterator[Tried]:
    """The whole scale on file systems of several sizes."""
    fresh, finished, full = (folder / each for each in ("fresh", "finished", "full"))
    fresh.mkdir()
    shutil.copytree(fresh_copy(fresh), finished, symlinks=True)
    call(finished, "dvc", "repro")
    undisturbed = kills.contents(finished)
    for option in too_small(taken(fresh, folder), taken(finished, folder), random):
        with mounted(full):
            found = faults_of_dvc(fresh, undisturbed, option, full)
        yield "full, under dvc", f"dvc repro, {option}", found


def main() -> None:
    """Try all of it; print and record the numbers."""
    random, tried, wrong = Random(SEED), Counter(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, what, found in chain(try_stages(folder, random), try_dvc(folder, random)):
            tried[kind] += 1
            wrong += [f"{what}: {line}" for line in found]
            print(what, *(found or ["well"]), flush=True)
    record("disk", "python -m faults.disk", {"tried": dict(tried), "wrong": len(wrong)})
    if wrong:
        sys.exit(f"error: {len(wrong)} of {tried.total()} full disks were not told or left damage")


def too_small(used: int, needed: int, random: Random) -> Iterator[str]:
    """Options of file systems with room for what is `used`, and for less than is `needed`."""
    for _ in range(SIZES):
        yield f"size={random.randrange(used // _PAGE, needed // _PAGE) * _PAGE}"


def taken(content: Path, folder: Path) -> int:
    """The bytes that `content` takes in a file system in memory, which counts pages and folders."""
    with mounted(folder / "measured"):
        shutil.copytree(content, folder / "measured", dirs_exist_ok=True, symlinks=True)
        return shutil.disk_usage(folder / "measured").used


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"not run: {error}")
