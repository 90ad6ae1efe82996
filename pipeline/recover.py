"""Remove what a killed dvc can leave behind and what would stop the next dvc repro.

    python -m pipeline recover     # in the folder of a scale; make repro calls it first

dvc writes two files in place, which a kill can truncate, and does not start with a truncated one:
.dvc/tmp/rwlock, which lists readers and writers, and dvc.lock, whose stages dvc restores from its
run cache. The rwlock can also name a process id that another program has reused. A killed stage can
leave partial files next to its outputs. Nothing is changed while dvc is running. Files in .work
stay: killed stages resume from them.

A program that imports this code leaves compiled modules next to it. In all scales but the default
one, .dvcignore has no effect on them, and dvc takes them for a change of the code.
"""

import fcntl
import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ruamel.yaml import YAML, YAMLError

from pipeline.errors import PipelineError

LOCK = Path("dvc.lock")
_TMP = Path(".dvc/tmp")
_OUTPUTS = ("data", "runs", "reports")  # of the stages
_CODE = Path(__file__).resolve().parents[1]


def main() -> None:
    """Remove all leftovers and print each with the reason."""
    with _dvc_lock():
        if running := _running():
            raise PipelineError(f"dvc is at work here: {running}; wait for it or stop it")
        for path, reason in _leftovers():
            _remove(path)
            print(f"{path}: {reason}; removed")


@contextmanager
def _dvc_lock() -> Iterator[None]:
    """Hold dvc's lock, which is released when its owner ends and never stale."""
    _TMP.mkdir(parents=True, exist_ok=True)
    with (_TMP / "lock").open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise PipelineError("dvc is at work here; wait for it or stop it") from None
        yield


def _running() -> str:
    """List the running processes of dvc that the rwlock names; empty if there are none."""
    owners = {owner["pid"]: owner["cmd"] for owner in _owners() or []}
    return ", ".join(f"{cmd} (process {pid})" for pid, cmd in owners.items() if _is_dvc(pid))


def _owners() -> list[dict[str, str | int]] | None:
    """Return the readers and writers in the rwlock (dvc/rwlock.py); None if it is damaged."""
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


def _leftovers() -> Iterator[tuple[Path, str]]:
    """Yield paths to remove while dvc is not running, with the reason."""
    if _owners() is None:
        yield _TMP / "rwlock", "truncated by a kill"
    elif _owners():
        yield _TMP / "rwlock", "names killed processes of dvc"
    if LOCK.exists() and not _is_whole(LOCK.read_text(encoding="utf-8")):
        yield LOCK, "truncated by a kill; dvc restores its stages from the run cache"
    for folder in _OUTPUTS:
        for path in sorted(Path(folder).rglob(".*.partial")):
            yield path, "partial output of a killed stage"
    if Path.cwd() != _CODE:
        for folders in ("models", "pipeline/*"):
            for path in sorted(_CODE.glob(f"{folders}/**/__pycache__")):
                yield path, "compiled modules, which dvc would take for a change of the code"


def _is_whole(lock: str) -> bool:
    """Whether each stage of a dvc.lock has its command and the hashes of its outputs."""
    try:
        stages = YAML(typ="safe").load(lock)["stages"]
        return all(out["md5"] for stage in stages.values() for out in stage.get("outs", []))
    except (YAMLError, KeyError, TypeError, AttributeError):
        return False


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
