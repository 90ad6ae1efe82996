"""Translate standard input with a trained run, a line for a line; on a terminal, a prompt.

    translate --run translation_sinusoid < input.txt > output.txt

With --n-best N, the N best translations of each line: number ||| translation ||| score.
Needs runs/<run>/model and data/encoded/<dataset>: run `dvc repro train@<run>` or `dvc pull` first.
"""

import argparse
from collections.abc import Sequence

from pipeline.console import exit_on_error
from pipeline.process import prepare


def main() -> None:
    """The command `translate`."""
    options = parse()
    prepare()
    exit_on_error(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    # Imported only now: torch takes seconds, for which --help and a wrong option need not wait.
    from pipeline.tasks.translation.translator import translate_input

    translate_input(options.run, options.n_best)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        prog="translate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="a key of runs in params.yaml")
    parser.add_argument("--n-best", type=int, metavar="N", help="print the N best, with scores")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
