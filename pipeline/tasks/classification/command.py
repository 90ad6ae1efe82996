"""Classify passages of text with a trained run.

    classify --run classification_attention "Insert a footnote at the cursor."
    classify --run classification_attention < passages.txt

Each argument, or each line of the standard input, is a passage; prints a line for each: its class
and the probability of that. An empty line stays empty. Needs runs/<run>/model and its encoded data:
run `dvc repro train@<run>` or `dvc pull` first.
"""

import argparse
from collections.abc import Sequence

from models.shared.numerics import set_environment
from pipeline.console import exit_on_error
from pipeline.errors import ConfigError
from pipeline.process import prepare
from pipeline.tasks.classification.settings import ClassificationRun, OfClasses


def main() -> None:
    """Run the command `classify`."""
    options = parse()
    prepare()
    exit_on_error(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Check the options against the run in params.yaml, and classify.

    Raises ConfigError if the run predicts no classes.
    """
    from pipeline import config  # here, once the process is prepared

    settings = config.run_of(config.load(), options.run)
    if not isinstance(settings, ClassificationRun):
        raise ConfigError(
            f"{config.PARAMS}: runs.{options.run}.task = {settings.task} does not classify"
        )
    if not isinstance(settings.training.objective, OfClasses):
        raise ConfigError(
            f"{config.PARAMS}: runs.{options.run}.training.objective.kind = "
            f"{settings.training.objective.kind} does not classify; name a run that starts from it"
        )
    set_environment(settings.training.numerics)
    from pipeline.tasks.classification.classifier import classify  # here: torch takes a second

    classify(options, settings)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="classify", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="name of a run in params.yaml")
    parser.add_argument("passages", nargs="*", help="texts; lines of standard input without any")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
