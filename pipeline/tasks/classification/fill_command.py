"""Fill the gaps in sentences with a network that was trained to predict masked pieces (BERT).

    fill "Click the ____ to open the document."
    fill --top 5 < sentences.txt

Each argument, or each line of the standard input, is a sentence; three or more underscores are a
gap, of one piece: a word or a part of one. Prints a line for each: the sentence with the likeliest
piece in each gap; with --top N also, below it, a line for each gap with the N likeliest pieces and
their probabilities. All gaps of a sentence are predicted at once, none from another's piece. Of the
pieces, those are candidates that begin a word as the gap does: after a space, or at the start.

Without --run the network is that of the only run of params.yaml that predicts masked pieces. Needs
runs/<run>/model and its encoded data: run `dvc repro train@<run>` or `dvc pull` first.
"""

import argparse
from collections.abc import Sequence

from models.shared.numerics import set_environment
from pipeline.console import exit_on_error
from pipeline.errors import ConfigError
from pipeline.process import prepare
from pipeline.sampling_options import positive
from pipeline.tasks.classification.command import run_that
from pipeline.tasks.classification.settings import ClassificationRun, Target


def main() -> None:
    """Run the command `fill`."""
    options = parse()
    prepare()
    exit_on_error(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Check the options against the run in params.yaml, and fill the gaps.

    Raises ConfigError if the run predicts no masked pieces.
    """
    name = options.run or _only_run()
    settings = run_that(
        "fill gaps", Target.MASKED_PIECES, name, remedy="name a run with kind = masked_pieces"
    )
    set_environment(settings.training.numerics)
    from pipeline.tasks.classification.filler import Filler  # here: torch takes a second

    Filler(name, settings, options.top).answer_each(options.sentences)


def _only_run() -> str:
    """Return the run of params.yaml that predicts masked pieces; ConfigError if not one does."""
    from pipeline import config  # here, once the process is prepared

    names = [
        name
        for name, run in config.load().runs.items()
        if isinstance(run, ClassificationRun)
        and run.training.objective.kind == Target.MASKED_PIECES
    ]
    if not names:
        raise ConfigError(
            f"{config.PARAMS}: no run has training.objective.kind = {Target.MASKED_PIECES}; run in "
            "the folder of a scale that has one, such as lecture/"
        )
    if len(names) > 1:
        raise ConfigError(
            f"{config.PARAMS}: {', '.join(names)} predict masked pieces; name one with --run"
        )
    return names[0]


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="fill", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", help="name of a run in params.yaml (the only one that can)")
    parser.add_argument("--top", type=positive, metavar="N", help="print the N likeliest pieces")
    parser.add_argument(
        "sentences", nargs="*", metavar="sentence", help="instead of the lines of standard input"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
