"""Fresh copies of the working tree, as repositories of their own, at the smoke scale."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]
MEASURED = ("reports/benchmarks.json", "reports/faults.json")  # of the code: no stage makes them


def call(folder: Path, *command: str) -> str:
    """Run a command of this environment in `folder`; what it printed. It has to end with 0."""
    environment = os.environ | {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}: {done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done.stdout + done.stderr


def fresh_copy(folder: Path) -> Path:
    """The files that git knows or would add, as a repository of its own, at the smoke scale."""
    listed = call(ROOT, "git", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
    for name in listed.split("\0"):
        made = name.startswith("reports/") and name not in MEASURED
        if name and (ROOT / name).is_file() and not made:
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    shutil.copy(ROOT / "tests/smoke/params.yaml", folder / "params.yaml")
    (folder / "dvc.lock").unlink(missing_ok=True)
    call(folder, "git", "init", "-q")
    commit(folder)
    return folder


def commit(folder: Path) -> None:
    """Commit all that git does not ignore there."""
    call(folder, "git", "add", "-A")
    identity = ["-c", "user.name=test", "-c", "user.email=test@example.org"]
    call(folder, "git", *identity, "commit", "-q", "-m", "as it is")
