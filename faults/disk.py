"""Full and read-only disks at every stage: python -m faults.disk.

Each stage of the smoke scale gets a file system with less space than it needs. It has to fail with
one line that names a path, leave no partial output, and write the bytes of an undisturbed run once
there is space. The same holds for the whole scale under dvc, which also fills its cache and prints
messages of its own. Needs the right to mount file systems, and says so where it is missing.
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

SEED, SIZES = 1, 3  # sizes of the file system for each stage
OUTPUTS = "(data|runs|reports|[.]work)[/:]"  # where stages write: a message begins with such a path
_PAGE = 4096  # bytes: the unit of files and file systems in memory
_ENOUGH = 512 << 20


class Stage(NamedTuple):
    """A command of the pipeline, its arguments and its outputs."""

    module: str
    arguments: list[str]
    outputs: list[str]


def stages() -> Iterator[Stage]:
    """Every stage of the smoke scale, after the stages that it depends on."""
    for run, data in RUNS.items():
        yield Stage("download", [data], [f"data/raw/{data}"])
        yield Stage("encode", [data], [f"data/encoded/{data}", f"reports/data/{data}.json"])
        yield Stage("train", [run], [f"runs/{run}/model", f"reports/curves/{run}.csv"])
        yield Stage("decode", [run], [f"runs/{run}/samples"])
        measured = [f"reports/{each}/{run}.json" for each in ("measurements", "metrics")]
        measured.append(f"reports/records/{run}.parquet")
        yield Stage("evaluate", [run], [f"runs/{run}/records", *measured])
    judged = ["reports/claims.json", "reports/comparisons.json", "reports/verdicts.json"]
    yield Stage("judge", [], judged)
    yield Stage("report", [], ["reports/index.html"])


@contextmanager
def mounted(folder: Path) -> Iterator[None]:
    """A file system in memory at `folder`; RuntimeError where mounting is not allowed."""
    folder.mkdir()
    if _mount("-t", "tmpfs", "-o", f"size={_ENOUGH}", "tmpfs", str(folder)):
        raise RuntimeError("no right to mount a file system here")
    try:
        yield
    finally:
        subprocess.run(["umount", str(folder)], check=True)
        folder.rmdir()


def _mount(*options: str) -> int:
    return subprocess.run(["mount", *options], capture_output=True).returncode


def remount(folder: Path, option: str) -> None:
    """Change the size of the file system, or make it read-only (ro) or writable (rw)."""
    assert _mount("-o", f"remount,{option}", str(folder)) == 0, option


def faults(before: Path, whole: Path, tried: Stage, option: str, full: Path) -> list[str]:
    """Run a stage where `option` makes it fail, then where it has space; return what is wrong."""
    shutil.copytree(before, full, dirs_exist_ok=True)
    remount(full, option)
    done = stage(full, tried.module, *tried.arguments)
    lines = done.stderr.strip().splitlines()
    found = []
    if done.returncode != 1 or "Traceback" in done.stderr:
        found.append(f"ended with {done.returncode}: {done.stderr[-300:]}")
    elif not re.match(f"error: {OUTPUTS}.*(MB needed|Read-only)", lines[-1]):
        found.append(f"printed {lines[-1]!r}")
    undisturbed = hashes(whole, *tried.outputs)
    left = hashes(full, *tried.outputs)
    partial = {path for path, digest in left.items() if undisturbed[path] != digest}
    if partial:
        found.append(f"left {', '.join(sorted(partial))}")
    remount(full, f"rw,size={_ENOUGH}")
    again = stage(full, tried.module, *tried.arguments)
    if again.returncode or hashes(full, *tried.outputs) != undisturbed:
        found.append(f"does not end as an undisturbed run: {again.stderr[-300:]}")
    return found


def faults_of_dvc(fresh: Path, undisturbed: dict[str, str], option: str, full: Path) -> list[str]:
    """The same for all commands of `make repro`."""
    shutil.copytree(fresh, full, dirs_exist_ok=True, symlinks=True)
    remount(full, option)
    _, failed = kills.repro(full)
    found = [] if failed else ["did not fail"]
    remount(full, f"rw,size={_ENOUGH}")
    _, failed = kills.repro(full)
    if failed or kills.contents(full) != undisturbed:
        found.append(f"does not end as an undisturbed run: {failed}")
    return found


Trial = tuple[str, str, list[str]]  # the kind of disk, what was run on it, what was wrong


def try_stages(folder: Path, random: Random) -> Iterator[Trial]:
    """Each stage on file systems of several sizes, and on a read-only one."""
    whole, before, full = (folder / name for name in ("whole", "before", "full"))
    write_params(whole, RUNS)
    for tried in stages():
        shutil.copytree(whole, before)
        done = stage(whole, tried.module, *tried.arguments)
        assert done.returncode == 0, done.stderr
        sizes = too_small(occupied(before, folder), occupied(whole, folder), random)
        for option in [*sizes, "ro"]:
            with mounted(full):
                found = faults(before, whole, tried, option, full)
            kind = "read-only" if option == "ro" else "full"
            yield kind, f"{' '.join([tried.module, *tried.arguments])}, {option}", found
        shutil.rmtree(before)


def try_dvc(folder: Path, random: Random) -> Iterator[Trial]:
    """The whole scale on file systems of several sizes."""
    fresh, finished, full = (folder / name for name in ("fresh", "finished", "full"))
    fresh.mkdir()
    shutil.copytree(fresh_copy(fresh), finished, symlinks=True)
    call(finished, "dvc", "repro")
    undisturbed = kills.contents(finished)
    for option in too_small(occupied(fresh, folder), occupied(finished, folder), random):
        with mounted(full):
            found = faults_of_dvc(fresh, undisturbed, option, full)
        yield "full, under dvc", f"dvc repro, {option}", found


def main() -> None:
    """Try all of it; print, record, and fail if anything was wrong."""
    random, tried, wrong = Random(SEED), Counter(), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind, what, found in chain(try_stages(folder, random), try_dvc(folder, random)):
            tried[kind] += 1
            wrong += [f"{what}: {line}" for line in found]
            print(what, *(found or ["well"]), flush=True)
    record("disk", "python -m faults.disk", {"tried": dict(tried), "wrong": len(wrong)})
    if wrong:
        sys.exit(
            f"error: {len(wrong)} of {tried.total()} full or read-only disks were not reported, or "
            "left damage"
        )


def too_small(used: int, needed: int, random: Random) -> Iterator[str]:
    """Options of file systems with at least `used` and less than `needed` bytes."""
    for _ in range(SIZES):
        yield f"size={random.randrange(used // _PAGE, needed // _PAGE) * _PAGE}"


def occupied(content: Path, folder: Path) -> int:
    """The bytes that `content` occupies in a file system in memory: whole pages, and folders."""
    with mounted(folder / "measured"):
        shutil.copytree(content, folder / "measured", dirs_exist_ok=True, symlinks=True)
        return shutil.disk_usage(folder / "measured").used


if __name__ == "__main__":
    try:
        main()
    except RuntimeError as error:
        sys.exit(f"not run: {error}")
