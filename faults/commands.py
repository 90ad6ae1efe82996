"""The commands translate, paint, compose and energy with broken input, streams and terminals.

Each call is a process of its own, forked where torch is already imported, in a scale of small
untrained networks.
"""

import codecs
import fcntl
import json
import os
import pty
import re
import select
import shutil
import signal
import struct
import sys
import tempfile
import termios
import time
from collections.abc import Callable, Iterator
from functools import cache
from importlib import import_module
from pathlib import Path
from random import Random
from typing import NamedTuple

import torch

from faults import scale
from faults.damage import SECONDS, damaged, limit
from faults.hostile import ENGLISH, GERMAN, parallel_text
from faults.kinds import LOST, Whole
from faults.molecules import molecule, odd_molecule
from faults.performances import ODD_MESSAGES
from faults.pictures import odd_picture
from faults.texts import mutated
from models import store
from models.build import build
from models.settings import DataShape, Norm, Structure
from pipeline.console import exit_on_error
from pipeline.files import read_json, write_json
from pipeline.settings.base import Splits
from pipeline.tasks.image import command as paint
from pipeline.tasks.molecules import command as energy
from pipeline.tasks.molecules.codec import MoleculeCodec
from pipeline.tasks.music import command as compose
from pipeline.tasks.music.codec import grid
from pipeline.tasks.translation import command as translate
from pipeline.tasks.translation.encoding.encode import encode
from pipeline.tasks.translation.settings import TranslationReader
from tests.models import networks
from tests.tasks.image.networks import LOCAL, SHAPE, settings
from tests.tasks.image.pictures import file_of, noise
from tests.tasks.molecules import networks as graphs
from tests.tasks.music.test_primers import chorale

_COLUMNS = (0, 1, 20, 80)  # of terminals; 0: never set, as at the start of a container
_TERMS = ("xterm", "dumb")
_WAIT = 5 * SECONDS  # of the clock, after which a process on a terminal hangs
_NOBODY_READS = 141  # the exit status of a program that SIGPIPE ends
_TINY = {"num_layers": 1, "d_model": 16, "num_heads": 2, "d_ff": 16}
_LATE = (  # what the commands import when they need it: once, before the forks
    "pipeline.tasks.translation.translator",
    "pipeline.tasks.image.painter",
    "pipeline.tasks.music.composer",
    "pipeline.tasks.molecules.estimator",
)
_MOLECULES = "molecules_attention"
_INPUT = "input"  # the file that is broken


class Ended(NamedTuple):
    """The exit status of a process, and what it printed."""

    status: int
    output: bytes
    errors: str


@cache
def _scale() -> tempfile.TemporaryDirectory:
    """The folder of a scale with a network for each command; it is removed at the end."""
    for module in _LATE:
        import_module(module)
    folder = tempfile.TemporaryDirectory()
    root = Path(folder.name)
    scale.write_params(root, scale.RUNS)
    _add_molecules(root)
    params = root / "params.yaml"  # torch is imported already, too late for reproducible numerics
    params.write_text(params.read_text().replace("reproducible", "native"))
    torch.manual_seed(1)
    text = _encoded_text(root)
    _save(root, "translation_sinusoid", Structure.ENCODER_DECODER, DataShape(**text["shape"]))
    _save(root, "music_relative", Structure.DECODER, grid.SHAPE)
    images = root / "runs/image_local_2d/model"
    images.mkdir(parents=True)
    store.save(build(settings(LOCAL["local_2d"]), SHAPE), images)
    return folder


def _add_molecules(root: Path) -> None:
    """Add the default scale's run of molecules, an untrained network and a few molecules."""
    raw, default = scale.read(root), scale.read(scale.ROOT)
    raw["datasets"]["qm7"] = default["datasets"]["qm7"]
    raw["runs"][_MOLECULES] = default["runs"][_MOLECULES]
    scale.write(raw, root)
    encoded, model = root / "data/encoded/qm7", root / "runs" / _MOLECULES / "model"
    encoded.parent.mkdir(parents=True)
    model.mkdir(parents=True)
    with tempfile.TemporaryDirectory() as folder:
        shutil.move(graphs.encoded_in(Path(folder)), encoded)
    codec = MoleculeCodec.of(read_json(encoded / "manifest.json"))
    store.save(graphs.network(codec), model)


def _encoded_text(root: Path) -> dict:
    encoded, raw = root / "data/encoded/home_assistant", root / "raw"
    encoded.mkdir(parents=True)
    raw.mkdir()
    for language, lines in (("en", ENGLISH), ("de", GERMAN)):
        numbered = (f"{line} {number}\n" for number, line in enumerate(5 * lines))
        (raw / f"{language}.txt").write_text("".join(numbered))
    splits = Splits(validation=0.2, test=0.2, seed=1)
    facts = encode(raw, encoded, parallel_text(TranslationReader.TEXT_FILES, splits=splits))
    write_json(encoded / "manifest.json", facts)
    return read_json(encoded / "manifest.json")


def _save(root: Path, run: str, structure: Structure, shape: DataShape) -> None:
    folder = root / "runs" / run / "model"
    folder.mkdir(parents=True)
    store.save(build(networks.settings(structure, norm=Norm.PRE, **_TINY), shape), folder)


# ------------------------------------------------------------------------------------ processes


def _call(
    action: Callable[[], None], stdin: int, stdout: int, stderr: int, term: str = "xterm"
) -> int:
    """Fork a process in the folder of the scale, with these streams; return its id."""
    folder = _scale().name
    if process := os.fork():
        return process
    status = 1
    try:
        limit(SECONDS)
        for number, stream in enumerate((stdin, stdout, stderr)):
            os.dup2(stream, number)
        os.closerange(3, 100)
        sys.stdin, sys.stdout, sys.stderr = (
            open(number, mode, encoding="utf-8", errors="backslashreplace")  # noqa: SIM115
            for number, mode in enumerate("rww")
        )
        os.environ["TERM"] = term
        os.chdir(folder)
        exit_on_error(action)
        status = 0
    except SystemExit as ended:
        if isinstance(ended.code, str):
            print(ended.code, file=sys.stderr)
        status = ended.code if isinstance(ended.code, int) else 1
    except BaseException:
        sys.excepthook(*sys.exc_info())
    finally:
        sys.stderr.flush()
        os._exit(status)


def _judge(ended: Ended) -> None:
    """Raise what a caller would see: SystemExit for an error in one line, else AssertionError."""
    if ended.status in (0, _NOBODY_READS) and "Traceback" not in ended.errors:
        return
    *_, last = ended.errors.strip().splitlines() or [""]
    if ended.status == 1 and last.startswith("error: ") and "Traceback" not in ended.errors:
        sys.exit(last)
    raise AssertionError(f"status {ended.status}: {' / '.join(ended.errors.splitlines()[-3:])}")


def _with_files(action: Callable[[], None], content: bytes = b"") -> Ended:
    """Call with standard input from a file, and standard output and error into files."""
    with (
        tempfile.TemporaryFile() as stdin,
        tempfile.TemporaryFile() as stdout,
        tempfile.TemporaryFile() as stderr,
    ):
        stdin.write(content)
        stdin.seek(0)
        process = _call(action, stdin.fileno(), stdout.fileno(), stderr.fileno())
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        stdout.seek(0)
        stderr.seek(0)
        return Ended(status, stdout.read(), stderr.read().decode(errors="replace"))


def _on_terminal(action: Callable[[], None], typed: bytes, columns: int, term: str) -> Ended:
    """Call on a terminal of so many columns, where some bytes are typed, and Ctrl-D.

    Other control characters are passed on.
    """
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    modes = termios.tcgetattr(terminal)
    modes[0] &= ~termios.IXON  # Ctrl-S, which holds the output until Ctrl-Q
    modes[3] &= ~(termios.ISIG | termios.IEXTEN)  # Ctrl-C, Ctrl-Z
    termios.tcsetattr(terminal, termios.TCSANOW, modes)
    process = _call(action, terminal, terminal, terminal, term)
    os.close(terminal)
    with open(master, "r+b", buffering=0) as keyboard:
        try:
            shown = b"".join(_conversation(keyboard.fileno(), typed + b"\n\x04\x04"))
        except AssertionError:
            os.kill(process, signal.SIGKILL)
            raise
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    text = shown.decode(errors="replace")
    return Ended(status, shown, text)


def _conversation(master: int, typed: bytes) -> Iterator[bytes]:
    """Type as fast as is read; yield what the terminal shows, until nothing holds it open."""
    deadline = time.monotonic() + _WAIT
    while time.monotonic() < deadline:
        readable, writable, _ = select.select([master], [master] if typed else [], [], 1.0)
        if writable:
            typed = typed[os.write(master, typed[:64]) :]
        if readable:
            try:
                yield os.read(master, 1 << 16)
            except OSError:  # the other end is closed
                return
    raise AssertionError("hangs on a terminal")


def _unread(action: Callable[[], None], content: bytes, read: int) -> Ended:
    """Call with a pipe as standard output, of which so many bytes are read before it is closed."""
    read_end, write_end = os.pipe()
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stderr:
        stdin.write(content)
        stdin.seek(0)
        if not read:
            os.close(read_end)
        process = _call(action, stdin.fileno(), write_end, stderr.fileno())
        os.close(write_end)
        if read:
            os.read(read_end, read)
            os.close(read_end)
        status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
        stderr.seek(0)
        return Ended(status, b"", stderr.read().decode(errors="replace"))


# --------------------------------------------------------------------------------------- inputs


def _translating(*options: str) -> Callable[[], None]:
    parsed = translate.parse(["--run", "translation_sinusoid", *options])
    return lambda: translate.run(parsed)


def _painting(*options: str) -> Callable[[], None]:
    arguments = ["--run", "image_local_2d", "--class", "3", "--count", "1", *options]
    parsed = paint.parse(arguments)
    return lambda: paint.run(parsed)


def _composing(*options: str) -> Callable[[], None]:
    parsed = compose.parse(["--run", "music_relative", "--seconds", "4", *options])
    return lambda: compose.run(parsed)


def _estimating(*options: str) -> Callable[[], None]:
    parsed = energy.parse(["--run", _MOLECULES, *options])
    return lambda: energy.run(parsed)


def _text(raw: Path) -> Path:
    path = raw / _INPUT
    path.write_text("".join(f"{line}\n" for line in ENGLISH[:4]))
    return path


def _picture(raw: Path) -> Path:
    path = raw / _INPUT
    path.write_bytes(file_of(noise()))
    return path


def _primer(raw: Path) -> Path:
    path = raw / _INPUT
    path.write_bytes(chorale())
    return path


def _molecules(raw: Path) -> Path:
    path = raw / _INPUT
    path.write_bytes(b"".join(molecule(Random(number)) for number in range(3)))
    return path


def _from_file(raw: Path) -> None:
    content = (raw / _INPUT).read_bytes()
    ended = _with_files(_translating(), content)
    _check_lines(content, ended.output)
    _judge(ended)


def _check_lines(content: bytes, output: bytes) -> None:
    """Find a line in UTF-8 for each line of the input."""
    text = codecs.decode(content, json.detect_encoding(content), "replace")
    lines = text.removesuffix("\n").count("\n") + 1 if text else 0
    assert output.decode().count("\n") == lines, LOST


def _half_read(raw: Path) -> None:
    content = (raw / _INPUT).read_bytes()
    _judge(_unread(_translating(), content, len(content) % 3))


def _typed(raw: Path) -> None:
    """Translate, and now and then paint and compose, on a terminal that follows from the input."""
    content = (raw / _INPUT).read_bytes()
    random = Random(content)
    out = str(raw / "out")
    action = random.choices(
        (_translating(), _painting("-o", f"{out}.png"), _composing("-o", f"{out}.mid")), (6, 1, 1)
    )[0]
    _judge(_on_terminal(action, content, random.choice(_COLUMNS), random.choice(_TERMS)))


def _completed(raw: Path) -> None:
    out = raw / "out.png"
    _judge(_with_files(_painting("--complete", str(raw / _INPUT), "-o", str(out))))
    assert out.exists(), LOST


def _continued(raw: Path) -> None:
    out = raw / "out.mid"
    _judge(_with_files(_composing("--primer", str(raw / _INPUT), "-o", str(out))))
    assert out.exists(), LOST


def _estimated(raw: Path) -> None:
    ended = _with_files(_estimating(str(raw / _INPUT)))
    refused = len(re.findall(r"^.*: molecule \d+: ", ended.errors, re.MULTILINE))
    assert refused + ended.output.count(b"\n") > 0 or "no molecule in it" in ended.errors, LOST
    _judge(ended)


def _odd_picture(content: bytes, random: Random) -> bytes:
    return damaged(content, random) if random.random() < 0.5 else odd_picture(random)


def _odd_primer(content: bytes, random: Random) -> bytes:
    if random.random() < 0.5:
        return damaged(content, random)
    return chorale(first=b"\0".join(random.choices(ODD_MESSAGES, k=5)))


COMMANDS = {
    "standard input of translate": Whole(_text, _from_file, mutated),
    "output of translate that nobody reads": Whole(_text, _half_read, mutated),
    "lines typed on terminals of 0 to 80 columns": Whole(_text, _typed, mutated),
    "pictures for paint --complete": Whole(_picture, _completed, _odd_picture),
    "openings for compose --primer": Whole(_primer, _continued, _odd_primer),
    "molecules for energy": Whole(_molecules, _estimated, odd_molecule),
}
