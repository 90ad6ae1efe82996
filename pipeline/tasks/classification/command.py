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
from pipeline.tasks.classification.settings import ClassificationRun, Target


def main() -> None:
    """Run the command `classify`."""
    options = parse()
    prepare()
    exit_on_error(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Check the options against the run in params.yaml, and classify.

    Raises ConfigError if the run predicts no classes.
    """
    settings = run_that(
        "classify", Target.CLASS, options.run, remedy="name a run that starts from it"
    )
    set_environment(settings.training.numerics)
    from pipeline.tasks.classification.classifier import Classifier  # here: torch takes a second

    Classifier(options.run, settings).answer_each(options.passages)


def run_that(does: str, target: Target, name: str, remedy: str) -> ClassificationRun:
    """Return the settings of the run `name`; ConfigError if it does not predict `target`."""
    from pipeline import config  # here, once the process is prepared

    settings = config.run_of(config.load(), name)
    if not isinstance(settings, ClassificationRun):
        raise ConfigError(f"{config.PARAMS}: runs.{name}.task = {settings.task} does not {does}")
    if (kind := settings.training.objective.kind) != target:
        raise ConfigError(
            f"{config.PARAMS}: runs.{name}.training.objective.kind = {kind} does not {does}; "
            f"{remedy}"
        )
    return settings


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
