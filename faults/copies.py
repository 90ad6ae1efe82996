"""Fresh copies of the working tree as repositories of their own, with the smoke scale."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MEASURED = (
    "reports/benchmarks.json",
    "reports/faults.json",
    "reports/machines.json",
    "reports/rates.json",
)  # by no stage


def call(folder: Path, *command: str) -> str:
    """Run a command of this environment in `folder`; return what it printed.

    AssertionError if its exit status is not 0.
    """
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def fresh_copy(folder: Path) -> Path:
    """Fill `folder` with the files that git tracks or would add, as a repository of its own.

    Its params.yaml is that of the smoke scale. Returns `folder`.
    """
    listed = call(ROOT, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        is_output = name.startswith("reports/") and name not in MEASURED
        if name and (ROOT / name).is_file() and not is_output:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "tests/smoke/params.yaml", folder / "params.yaml")
    (folder / "dvc.lock").unlink(missing_ok=True)
    call(folder, "git", "init", "-q")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit every file that git does not ignore."""
    call(folder, "git", "add", "-A")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    call(folder, "git", *identity, "commit", "-q", "-m", "all files")
