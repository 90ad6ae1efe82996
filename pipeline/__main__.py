"""Command line of the pipeline: python -m pipeline train music_relative.

A command is the function `main` of the module of its name, whose docstring is its help. The module
is imported after the command line is parsed and the names in it are looked up in params.yaml,
because torch takes seconds to import.

`python -m pipeline translate "Turn on the light."` is the command of a task, whose arguments
pipeline/tasks/<task>/command.py parses; a task may have more, in modules named <name>_command.

`python -m pipeline` runs the installed code, or that of the current folder. Started as a folder,
`python ../pipeline train music_relative`, it runs the code of that folder, whatever is installed.
dvc.yaml starts it as a folder, so that the code that runs is the code that DVC hashes, also in a
copy of the repository, as made by `dvc exp run --temp`.
"""

import argparse
import ast
import sys
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

FOLDER = Path(__file__).resolve().parent
if not __package__:  # started as a folder: search modules in its parent folder
    sys.path[0] = str(FOLDER.parent)


class Command(NamedTuple):
    """A command of the pipeline."""

    what: str  # it does, in a line
    item: str | None = None  # what it is called for, if it is a stage: a key of `<item>s`
    arguments: tuple[dict[str, Any], ...] = ()  # of argparse for each argument


def _number(text: str) -> int:
    """Parse a number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text}: not a number of at least 1")
    return int(text)


_PATH = {
    "dest": "path",
    "type": Path,
    "nargs": "?",
    "default": Path("params.yaml"),
    "help": "the file to check (params.yaml)",
}
_OLD = {"dest": "old", "type": Path, "help": "a folder with model.safetensors and config.json"}
_JOBS = {"dest": "jobs", "type": _number, "help": "how many at once"}
_TARGETS = {
    "dest": "targets",
    "nargs": "*",
    "help": "stages (train decode evaluate) and names of runs, with * and ?; all without any",
}
_NAMES = {"dest": "names", "nargs": "+", "metavar": "run", "help": "keys of runs in params.yaml"}
_FOLDER = {"dest": "folder", "type": Path, "help": "the folder to write, named as the data set"}
_FROM = {
    "flags": ["--from"],
    "dest": "source",
    "required": True,
    "type": Path,
    "metavar": "FOLDER",
    "help": "the folder with the files",
}
_RUNS = {
    "flags": ["--runs"],
    "dest": "runs",
    "nargs": "+",
    "default": [],
    "metavar": "PATTERN",
    "help": "names of runs, with * and ?; all stages without any",
}
_SET = {
    "flags": ["-S", "--set-param"],
    "dest": "overrides",
    "action": "append",
    "default": [],
    "metavar": "runs.RUN.PARAMETER=VALUE,VALUE",
    "help": "make an experiment of each value instead, of each combination if given several times",
}
_DRY_RUN, _STATUS = (
    {
        "flags": [f"--{mode.replace('_', '-')}"],
        "dest": "mode",
        "action": "store_const",
        "const": mode,
        "default": "submit",
        "help": text,
    }
    for mode, text in (
        ("dry_run", "print the batch scripts and the cost, and queue nothing"),
        ("status", "print what the jobs do, and why one failed"),
    )
)
_STAGE = {"dest": "stage", "help": "a stage of dvc.yaml, such as train@music_relative"}
_RUN = {"dest": "name", "metavar": "run", "help": "a run of params.yaml, or a pretrained one"}
_FORMAT = {
    "flags": ["--format"],
    "dest": "chosen",
    "required": True,
    "choices": ["onnx", "ctranslate2", "huggingface"],
    "help": "of the files",
}
_TO = {
    "flags": ["--to"],
    "dest": "folder",
    "required": True,
    "type": Path,
    "metavar": "FOLDER",
    "help": "the folder to write; what is there is replaced",
}
_ADDRESS = {
    "flags": ["--address"],
    "dest": "address",
    "metavar": "URL",
    "help": "where the folder will be, which previews of its links need, such as "
    "https://example.org/attention/",
}
_NEW = {"dest": "new", "type": Path, "help": "the folder to write"}

COMMANDS = {
    "download": Command("download the raw data of a data set and verify it", "dataset"),
    "encode": Command("encode a data set as ids, without leaks between its splits", "dataset"),
    "train": Command("train a run, or resume it from its last checkpoint", "run"),
    "decode": Command("generate samples of a run for the test split", "run"),
    "evaluate": Command("evaluate a run on the test split", "run"),
    "demonstrate": Command("make the figures of a demonstration", "demonstration"),
    "judge": Command("judge the lecture's claims and compare all runs"),
    "report": Command("write the page with all results"),
    "config": Command("check params.yaml without running anything", arguments=(_PATH,)),
    "new": Command("make a scale for files of one's own", arguments=(_FOLDER, _FROM)),
    "runs": Command("make the runs of a scale, several at once", arguments=(_JOBS, _TARGETS)),
    "submit": Command(
        "make a scale on a SLURM cluster", arguments=(_RUNS, _SET, _DRY_RUN, _STATUS)
    ),
    "commit": Command("record a stage that ran without dvc", arguments=(_STAGE,)),
    "recover": Command("clean up after a killed dvc"),
    "summary": Command("print the scores of every run"),
    "claims": Command("print how many claims of the lecture have each verdict"),
    "rates": Command("print which learning rate of each grid has the lowest loss"),
    "pretrained": Command("keep networks in pretrained/, if they are better", arguments=(_NAMES,)),
    "export": Command("write a network for other programs", arguments=(_RUN, _FORMAT, _TO)),
    "publish": Command("write public/, a folder for any static host", arguments=(_ADDRESS,)),
    "verify": Command("compare the outputs with the committed ones"),
    "retrace": Command("train a run up to the first row of its loss curve, and compare", "run"),
    "migrate": Command("convert a model saved by an earlier version", arguments=(_OLD, _NEW)),
}


def main() -> None:
    """Run the command that the command line names."""
    name, arguments = parse()
    if name not in COMMANDS:
        sys.argv[1:] = arguments
        task, module, _ = commands_of_tasks()[name]
        import_module(f"pipeline.tasks.{task}.{module}").main()
        return
    from pipeline.process import prepare

    prepare()  # before the command is imported, and torch with it
    from pipeline.console import exit_on_error, run_stage

    if COMMANDS[name].item is None:
        exit_on_error(lambda: import_module(f"pipeline.{name}").main(*arguments))
    else:
        (item,) = arguments
        run_stage(item, lambda: _run_stage(name, item))


def _run_stage(name: str, item: str) -> None:
    """Run the stage `name` for `item`, whose numerics are set before torch is imported."""
    from models.settings import Numerics
    from pipeline import config

    section = f"{COMMANDS[name].item}s"
    chosen = config.entry_of(config.load(), section, item)
    if section != "datasets":
        numerics = chosen.training.numerics if section == "runs" else Numerics.REPRODUCIBLE
        import_module("models.shared.numerics").set_environment(numerics)
    if name == "train":
        import_module("pipeline.unfinished").warn_of_another(item, chosen)
    import_module(f"pipeline.{name}").main(item)


class _OfTask(NamedTuple):
    """A command of a task."""

    task: str
    module: str
    what: str  # it does, in a line


def commands_of_tasks() -> dict[str, _OfTask]:
    """Return the commands of the tasks by name, the `prog` of their parsers; imports none."""
    found = {}
    for path in sorted((FOLDER / "tasks").glob("*/*command.py")):
        module = ast.parse(path.read_text(encoding="utf-8"))
        what = ast.get_docstring(module).partition("\n")[0].partition(".")[0]
        keywords = (each for each in ast.walk(module) if isinstance(each, ast.keyword))
        name = next(each.value.value for each in keywords if each.arg == "prog")
        found[name] = _OfTask(path.parent.name, path.stem, what[0].lower() + what[1:])
    return found


def parse() -> tuple[str, list[Any]]:
    """Parse the command line: the name of a command, and the values of its arguments.

    The arguments of a task's command are left to it.
    """
    known = {name: each.what for name, each in (*COMMANDS.items(), *commands_of_tasks().items())}
    width = max(map(len, known))
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="\n".join(f"{name:<{width}}  {what}" for name, what in known.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=known, metavar="command", help="one of these")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="of the command; --help explains them"
    )
    chosen = parser.parse_args()
    if chosen.command not in COMMANDS:
        return chosen.command, chosen.arguments
    arguments = _parser_of(chosen.command, parser.prog).parse_args(chosen.arguments)
    return chosen.command, list(vars(arguments).values())


def _parser_of(name: str, prog: str) -> argparse.ArgumentParser:
    """Return the parser of a command; the docstring of its module, not imported, is the help."""
    module = ast.parse((FOLDER / f"{name}.py").read_text(encoding="utf-8"))
    parser = argparse.ArgumentParser(
        prog=f"{prog} {name}",
        description=ast.get_docstring(module),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _, item, arguments = COMMANDS[name]
    if item is not None:
        parser.add_argument(item, help=f"a key of {item}s in params.yaml")
    for options in arguments:
        options = {**options}
        parser.add_argument(*options.pop("flags", []), **options)
    return parser


if __name__ == "__main__":
    main()
