"""Folders of a user's own files in odd layouts, from `python -m pipeline new` to ids."""

import contextlib
import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from random import Random

from faults.damage import damaged
from faults.hostile import ENGLISH, GERMAN
from faults.kinds import LOST, Whole, accounted
from faults.performances import performance
from pipeline import config, new, sources
from pipeline.config import Dataset
from pipeline.encoding.records import read_or_skip
from pipeline.files import write_json
from pipeline.tasks import part
from pipeline.tasks.music.encoding.midi_file import read_notes
from pipeline.tasks.music.encoding.midi_files import find_midi
from tests.tasks.image.pictures import file_of, noise

_FILE = "layout.json"  # a list of names, with what each is
_LAYOUTS = [
    [(f"{number}.mid", "midi") for number in range(12)],
    [(f"{'ab'[number % 2]}/{number}.png", "picture") for number in range(24)],
    [("corpus.en", "english"), ("corpus.de", "german")],
]
_KINDS = ("midi", "picture", "english", "german", "broken", "empty", "folder", "link", "pipe")
_NAMES = (
    *(
        "{}.txt",
        ".{}",
        "__MACOSX/{}",
        ".ipynb_checkpoints/{}",
        "Thumbs.db",
        "{} (1)",
    ),
    *("F\udcfcr {}", "new\nline {}", "-rf {}", "cafe\u0301 {}", "a/b/c/{}", "{}/{}", "x" * 200),
    *("README.md", "{}.MID", "{}.PNG", "corpus.fr", "en-de.tsv", "train/{}", "\U0001f3b5 {}"),
)
_HOUR = 3600.0
_TARGETS = ("missing", "..", ".", "/dev/null", "0.mid")


def _layouts(raw: Path) -> Path:
    path = raw / _FILE
    path.write_text(json.dumps(_LAYOUTS))
    return path


def _mutated(content: bytes, random: Random) -> bytes:
    """One of the layouts with files that are renamed, added, left out and of other kinds."""
    layout = random.choice(json.loads(content))
    for _ in range(random.randint(1, 5)):
        at = random.randrange(len(layout))
        name, kind = layout[at]
        match random.randrange(4):
            case 0:
                layout[at] = (random.choice(_NAMES).format(name, name), kind)
            case 1:
                layout.append((random.choice(_NAMES).format(name, name), random.choice(_KINDS)))
            case 2:
                layout[at] = (name, random.choice(_KINDS))
            case _ if len(layout) > 1:
                del layout[at]
    return json.dumps(layout).encode()


def _content(kind: str, random: Random) -> bytes:
    match kind:
        case "midi":
            return performance(random)
        case "picture":
            return file_of(noise(seed=random.randrange(1000)))
        case "english" | "german":
            lines = ENGLISH if kind == "english" else GERMAN
            return "".join(f"{line} {number}\n" for number, line in enumerate(5 * lines)).encode()
        case "broken":
            return damaged(performance(random), random)
    return b""


def _write(folder: Path, layout: list[list[str]]) -> None:
    """Write the files, but those whose place is taken."""
    random = Random(1)
    for name, kind in layout:
        path = folder / name
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            if kind == "folder":
                path.mkdir()
            elif kind == "link":
                path.symlink_to(random.choice(_TARGETS))
            elif kind == "pipe":
                os.mkfifo(path)
            else:
                with path.open("xb") as file:
                    file.write(_content(kind, random))
        except OSError:
            continue


def _read(raw: Path) -> None:
    """Make the parameters, copy the files and encode them; none may be lost."""
    source, copy, encoded = (raw / name for name in ("own", "copy", "encoded"))
    for folder in (source, copy, encoded):
        folder.mkdir()
    _write(source, json.loads((raw / _FILE).read_bytes()))
    params, _ = new.describe("mine", source, str(source))
    dataset = config.parse(params, Path(config.PARAMS)).datasets["mine"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        sources.fetch(dataset.source, copy)
    are_counted = "not copied" in said.getvalue()
    assert are_counted or all(map(Path.is_file, _visible(source))), LOST
    write_json(copy / "source.json", {})
    read, expected = _records_read(dataset, copy, encoded), _records(dataset.task, source)
    assert read == expected, f"{LOST}: {read} of {expected} are accounted for"


def _records_read(dataset: Dataset, copy: Path, encoded: Path) -> int:
    """How many records are kept, skipped or dropped; of music, which workers would read, are read.

    Starting workers takes seconds.
    """
    encoding = dataset.encoding.model_copy(update={"max_skipped": 1.0})
    if dataset.task == "music":
        files = find_midi(copy, encoding.reader)
        return sum(
            1 for file in files if read_or_skip(file.name, read_notes, file.content(), _HOUR)
        )
    return accounted(part(dataset.task, "encoding.encode").encode(copy, encoded, encoding))


def _records(task: str, source: Path) -> int:
    """How many records a user would count."""
    files = [path for path in _visible(source) if path.is_file()]
    match task:
        case "translation":
            texts = [path for path in files if path.parent == source and path.suffix in _TEXTS]
            return min(path.read_bytes().count(b"\n") for path in texts)
        case "music":
            return sum(path.suffix.lower() in (".mid", ".midi") for path in files)
    return len(files)


_TEXTS = (".en", ".de", ".tsv", ".fr")


def _visible(folder: Path) -> Iterator[Path]:
    """The files below a folder that are not hidden."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not _is_hidden(name)]
        yield from (Path(root, name) for name in names if not _is_hidden(name))


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name in ("__MACOSX", "Thumbs.db")


LAYOUTS = {"folders of one's own files": Whole(_layouts, _read, _mutated)}
