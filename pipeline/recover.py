"""Put right what a killed dvc can leave behind, so that the next dvc repro needs no help.

    python -m pipeline recover     # in the folder of a scale; make repro does it first

dvc writes two files in place, so that a kill can cut them short, and refuses to start with either:
.dvc/tmp/rwlock, which says who reads and writes what, and dvc.lock, whose stages dvc finds again in
its run cache. The rwlock can also name a process whose number another program has got since. A
stage that was killed can leave half-written files beside its outputs. While dvc is at work, nothing
is touched. What killed stages leave in .work is of use: they go on from there.

A program of the user's that imports this code leaves compiled modules beside it. dvc takes them for
a change of the code where .dvcignore does not reach: in all scales but the default one.
"""

import argparse
import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruamel.yaml import YAML, YAMLError

from pipeline.console import exit_on_error
from pipeline.errors import PipelineError

LOCK = Path("dvc.lock")
_TMP = Path(".dvc/tmp")
_WRITTEN = ("data", "runs", "reports")  # by the stages
_CODE = Path(__file__).resolve().parents[1]


def main() -> None:
    """Remove what stands in the way and say so; say nothing if nothing does."""
    with _dvc_kept_away():
        if workers := _alive():
            raise PipelineError(f"dvc is at work here: {workers}; wait for it or stop it")
        for path, reason in _obstacles():
            _remove(path)
            print(f"{path}: {reason}; removed")


@contextmanager
def _dvc_kept_away() -> Iterator[None]:
    """Hold dvc's own lock: it dies with its owner, so that it is never stale."""
    _TMP.mkdir(parents=True, exist_ok=True)
    with (_TMP / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PipelineError("dvc is at work here; wait for it or stop it") from None
        yield


def _alive() -> str:
    """The processes of dvc that the rwlock names and that live, or nothing."""
    owners = {owner["pid"]: owner["cmd"] for owner in _owners() or []}
    return ", ".join(f"{cmd} (process {pid})" for pid, cmd in owners.items() if _is_dvc(pid))


def _owners() -> list[dict[str, str | int]] | None:
    """Who reads and writes, as dvc/rwlock.py keeps it; None if the file is damaged."""
    try:
        content = json.loads((_TMP / "rwlock").read_text())
        readers = [owner for owners in content.get("read", {}).values() for owner in owners]
        return [*content.get("write", {}).values(), *readers]
    except FileNotFoundError:
        return []
    except ValueError:
        return None


def _is_dvc(pid: int) -> bool:
    try:
        return b"dvc" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def _obstacles() -> Iterator[tuple[Path, str]]:
    """What is in the way, while no dvc lives, and why."""
    if _owners() is None:
        yield _TMP / "rwlock", "cut short by a kill"
    elif _owners():
        yield _TMP / "rwlock", "names processes of dvc that were killed"
    if LOCK.exists() and not _is_whole(LOCK.read_text(encoding="utf-8")):
        yield LOCK, "cut short by a kill; dvc finds its stages again in the run cache"
    for folder in _WRITTEN:
        for path in sorted(Path(folder).rglob(".*.partial")):
            yield path, "half-written by a stage that was killed"
    if Path.cwd() != _CODE:
        for folders in ("models", "pipeline/*"):
            for path in sorted(_CODE.glob(f"{folders}/**/__pycache__")):
                yield path, "compiled modules, which dvc would take for a change of the code"


def _is_whole(lock: str) -> bool:
    """Whether each stage of a dvc.lock has its command and the hashes of its outputs."""
    try:
        stages = YAML(typ="safe").load(lock)["stages"]
        return all(out["md5"] for stage in stages.values() for out in stage["outs"])
    except (YAMLError, KeyError, TypeError, AttributeError):
        return False


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)


def command() -> None:
    """Run it from the command line."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    exit_on_error(main)
