"""Command line of the pipeline: python -m pipeline train music_relative.

`python -m pipeline` runs the installed code, or that of the current folder. Started as a folder,
`python ../pipeline train music_relative`, it runs the code of that folder, whatever is installed.
dvc.yaml starts it as a folder, so that the code that runs is the code that DVC hashes, also in a
copy of the repository, as made by `dvc exp run --temp`.
"""

import argparse
import sys
from importlib import import_module
from pathlib import Path

if not __package__:  # started as a folder: search modules in its parent folder
    sys.path[0] = str(Path(__file__).resolve().parents[1])

COMMANDS = {
    "download": "download the raw data of a data set and verify it",
    "encode": "encode a data set as ids, without leaks between its splits",
    "train": "train a run, or resume it from its last checkpoint",
    "decode": "generate samples of a run for the test split",
    "evaluate": "evaluate a run on the test split",
    "demonstrate": "make the figures of a demonstration",
    "judge": "judge the lecture's claims and compare all runs",
    "report": "write the page with all results",
    "config": "check params.yaml without running anything",
    "recover": "clean up after a killed dvc",
    "summary": "print the scores of every run",
    "publish": "write public/, a folder for any static host",
    "verify": "compare the outputs with the committed ones",
    "migrate": "convert a model saved by an earlier version",
}


def main() -> None:
    """Run the command that the command line names."""
    width = max(map(len, COMMANDS))
    parser = argparse.ArgumentParser(
        prog="python -m pipeline",
        description="\n".join(f"{name:<{width}}  {what}" for name, what in COMMANDS.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", choices=COMMANDS, metavar="command", help="one of these")
    parser.add_argument(
        "arguments", nargs=argparse.REMAINDER, help="of the command; --help explains them"
    )
    chosen = parser.parse_args()
    sys.argv = [f"{parser.prog} {chosen.command}", *chosen.arguments]
    from pipeline.process import prepare

    prepare()  # before the command is imported, and torch with it
    import_module(f"pipeline.{chosen.command}").command()


if __name__ == "__main__":
    main()
