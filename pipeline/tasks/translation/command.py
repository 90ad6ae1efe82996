"""Translate standard input line by line with a trained run; on a terminal, prompt for lines.

    translate --run translation_sinusoid < input.txt > output.txt

With --n-best N, print the N best translations of each line: number ||| translation ||| score.
Needs runs/<run>/model and data/encoded/<dataset>: run `dvc repro train@<run>` or `dvc pull` first.
"""

import argparse
from collections.abc import Sequence

from pipeline.console import exit_on_error
from pipeline.process import prepare


def main() -> None:
    """Run the command `translate`."""
    options = parse()
    prepare()
    exit_on_error(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    # Imported here because torch takes seconds to import: --help and wrong options need none.
    from pipeline.tasks.translation.translator import translate_input

    translate_input(options.run, options.n_best)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="translate", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="name of a run in params.yaml")
    parser.add_argument("--n-best", type=int, metavar="N", help="print the N best, with scores")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
