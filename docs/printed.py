"""Write into README.md and docs/*.md what commands print: python -m docs.printed.

A comment before a block names the command, which runs in the root of the repository:

    <!-- python -m faults.table -->
    what it prints
    <!-- end -->
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
_COMMAND = r"(?:cd \w+ && )?python -m .+?"
_BLOCK = re.compile(rf"(<!-- ({_COMMAND}) -->\n)(.*?)(<!-- end -->)", re.DOTALL)


def pages() -> list[Path]:
    """Return the Markdown files that describe the repository."""
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").glob("*.md"))]


def blocks(text: str) -> Iterator[tuple[str, str]]:
    """Yield the command and the content of each block of a Markdown file."""
    for _, command, content, _ in _BLOCK.findall(text):
        yield command, content


def output(command: str) -> str:
    """Return what `command` prints, run with this interpreter and the code of this repository."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    environment = os.environ | {"PATH": path, "PYTHONPATH": str(ROOT)}
    return subprocess.check_output(command, shell=True, cwd=ROOT, env=environment, text=True)


def main() -> None:
    """Write each block anew and say which pages changed."""
    for page in pages():
        old = page.read_text(encoding="utf-8")
        new = _BLOCK.sub(lambda block: block[1] + output(block[2]) + block[4], old)
        if new != old:
            page.write_text(new, encoding="utf-8")
            print(f"{page.relative_to(ROOT)}: written anew")


if __name__ == "__main__":
    main()
