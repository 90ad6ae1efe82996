"""Print what the first commands of the README say in a fresh clone: python -m docs.tried.

Lines of progress are left out, because each time they are other ones.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile

from docs.printed import ROOT

COMMANDS = (
    'translate "Turn on the light."',
    "paint --class 7 --count 4",
    "compose --seconds 20",
)
_PROGRESS = re.compile(r"[a-z]+: \d+/\d+  ")


def main() -> None:
    """Run the commands in an empty folder, and print them with what they say."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "TERM": "dumb"}
    print("```console")
    with tempfile.TemporaryDirectory() as folder:
        for command in COMMANDS:
            print(f"$ python -m pipeline {command}")
            ran = subprocess.run(
                [sys.executable, "-m", "pipeline", *shlex.split(command)],
                cwd=folder,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                check=True,
            )
            for line in ran.stdout.splitlines():
                if not _PROGRESS.match(line):
                    print(line)
    print("```")


if __name__ == "__main__":
    main()
