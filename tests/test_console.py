import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from models.errors import SequenceError
from pipeline.console import exit_on_error, run_stage
from pipeline.errors import DataError


@pytest.mark.parametrize("kind", [DataError, SequenceError])
def test_an_error_that_is_told_is_one_line_without_a_traceback(kind):
    def fail() -> None:
        raise kind("too long; choose a larger one")

    with pytest.raises(SystemExit, match="^error: too long; choose a larger one$"):
        exit_on_error(fail)


def test_a_stage_ends_with_its_time_and_memory(capsys):
    run_stage("some_run", lambda: print("did it"))
    printed = capsys.readouterr()
    assert printed.out == "did it\n"
    pattern = (
        r"some_run: \d\.\d s, \d+\.\d s of processor time, \d+\.\d\d GB in the largest process\n"
    )
    assert re.fullmatch(pattern, printed.err)


@pytest.mark.parametrize(
    "error", [DataError("damaged:\n- gz\n- bz2"), OSError("damaged:\n- gz\n- bz2\n")]
)
def test_an_error_of_many_lines_is_told_in_one(error):
    def fail() -> None:
        raise error

    with pytest.raises(SystemExit, match="^error: (input/output: )?damaged: - gz - bz2$"):
        exit_on_error(fail)


ROOT = Path(__file__).parents[1]


def python(program: str, **options) -> subprocess.CompletedProcess[str]:
    """Run a program as a command of the pipeline runs."""
    program = f"from pipeline.process import prepare\nprepare()\n{program}"
    command = [sys.executable, "-c", program]
    return subprocess.run(command, cwd=ROOT, text=True, errors="replace", **options)


_PRINTING = """
from pipeline.console import exit_on_error
exit_on_error(lambda: [print(line, flush=FLUSH) for line in range(100_000)])
"""


@pytest.mark.parametrize("flush", [True, False])
def test_a_reader_that_leaves_ends_the_command_quietly(flush):
    read_end, write_end = os.pipe()
    os.close(read_end)
    program = _PRINTING.replace("FLUSH", str(flush))
    ended = python(program, stdout=write_end, stderr=subprocess.PIPE)
    os.close(write_end)
    assert (ended.returncode, ended.stderr) == (141, "")


_WITH_FILE = """
import sys
from pathlib import Path
from pipeline.console import Progress, exit_on_error

def action():
    with open("FILE", "w") as file:
        print("for the standard output")
        print("for the standard error", file=sys.stderr)
        Progress("run", 2).update(2)
        file.write("".join(sys.stdin) + "for the file")

exit_on_error(action)
"""


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_a_closed_stream_is_dev_null_and_no_file_takes_its_place(closed, tmp_path):
    file = tmp_path / "file"
    program = f"from pipeline.process import prepare\nprepare()\n{_WITH_FILE}"
    script = f'exec "$0" -c "$1" {closed}'
    command = ["sh", "-c", script, sys.executable, program.replace("FILE", str(file))]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, input="")
    assert ended.returncode == 0
    assert file.read_text() == "for the file"
    assert ("output" in ended.stdout) == (closed in ("<&-", "2>&-"))
    assert ("error" in ended.stderr) == (closed in ("<&-", ">&-"))


def test_what_the_encoding_of_a_stream_lacks_is_escaped():
    environment = os.environ | {"PYTHONIOENCODING": "latin-1"}
    printed = python(r"print('für ↑ F\udcfcr')", capture_output=True, env=environment)
    assert (printed.stdout, printed.returncode) == ("f\ufffdr \\u2191 F\\udcfcr\n", 0)


_PROGRESS = """
from pipeline.console import Progress, exit_on_error

def action():
    progress = Progress("translation_sinusoid", 5600)
    progress._interval = 0
    progress.update(1000, "validation 2.5823 nats")
    END

exit_on_error(action)
"""


def on_terminal(columns: int, term: str = "xterm", end: str = "progress.update(5600)") -> str:
    """What a terminal of so many columns gets."""
    master, terminal = pty.openpty()
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    environment = {**os.environ, "TERM": term}
    streams = {"stdin": terminal, "stdout": terminal, "stderr": terminal}
    python(_PROGRESS.replace("END", end), env=environment, **streams)
    os.close(terminal)
    shown = os.read(master, 10_000).decode()
    os.close(master)
    return shown


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        (0, "translation_sinusoid: 1000/5600  0:00, 0:00 left  validation 2.5823 nats"),
        (100, "translation_sinusoid: 1000/5600  0:00, 0:00 left  validation 2.5823 nats"),
        (50, "translation_sinusoid: 1000/5600  0:00, 0:00 left"),
        (21, "1000/5600  0:00 left"),
        (20, "1000/5600"),
        (5, "1000"),
        (1, ""),
    ],
)
def test_progress_is_one_line_of_what_fits_the_terminal(columns, expected):
    lines = on_terminal(columns).split("\r")
    assert lines[1].rstrip() == expected
    assert len(lines[1]) == (columns or 80) - 1
    assert lines[-1] == "\n"


def test_a_terminal_that_cannot_move_its_cursor_gets_lines():
    first, second, rest = on_terminal(80, term="dumb").split("\r\n")
    assert first == "translation_sinusoid: 1000/5600  0:00, 0:00 left  validation 2.5823 nats"
    assert (second, rest) == ("translation_sinusoid: 5600/5600  0:00, 0:00 left", "")


@pytest.mark.parametrize(
    ("end", "message"),
    [
        ("raise KeyboardInterrupt", "interrupted"),
        ("raise OSError('full')", "error: input/output: full"),
    ],
)
def test_a_message_does_not_stand_on_the_line_of_the_progress(end, message):
    assert on_terminal(80, end=end).split("\r\n")[-2:] == [message, ""]


@pytest.mark.parametrize("said", ["", "interrupted; 3 lines are translated"])
def test_an_interrupted_stage_says_what_the_next_call_does(said, capsys):
    def stop() -> None:
        raise KeyboardInterrupt(said)

    with pytest.raises(SystemExit) as ended:
        run_stage("some_run", stop)
    assert ended.value.code == 130
    usual = "some_run: interrupted before it was done; run the same command again"
    assert capsys.readouterr().err == f"{said or usual}\n"
