"""What a folder of a user's files holds beside them."""

from collections.abc import Iterator
from pathlib import Path

# What systems, editors and archivers leave behind; on Windows no leading dot hides it.
_LEFT_BEHIND = {"__MACOSX", "Thumbs.db", "desktop.ini"}


def is_hidden(path: Path) -> bool:
    """Whether a file or folder is none of the user's data: hidden, or left behind by a program."""
    return path.name.startswith(".") or path.name in _LEFT_BEHIND


def visible_below(folder: Path) -> Iterator[Path]:
    """Yield what is in a folder and its sub-folders but for these, in the order of the paths.

    Hidden files and what hidden folders hold are left out; links to folders are not followed.
    """
    for path in sorted(folder.iterdir()):
        if is_hidden(path):
            continue
        if is_folder(path):
            yield from visible_below(path)
        else:
            yield path


def hidden_files(folder: Path) -> int:
    """Count the files that `visible_below` leaves out."""
    everything = sum(not is_folder(path) for path in folder.rglob("*"))
    return everything - sum(1 for _ in visible_below(folder))


def is_folder(path: Path) -> bool:
    """Whether `path` is a folder and no link to one."""
    return path.is_dir() and not path.is_symlink()
