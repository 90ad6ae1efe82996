"""Estimate the energies of molecules with a trained run.

    energy --run molecules_attention water.xyz
    energy --run molecules_attention < molecules.xyz

Reads xyz: one molecule after another, coordinates in angstroms. Prints a line for each: its
formula, the energy of atomisation in kcal/mol, and the error to expect, the mean of the validation
molecules. A molecule with an element or a size that training did not have is refused. Needs
runs/<run>/model and its encoded data: run `dvc repro train@<run>` or `dvc pull` first.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from models.shared.numerics import set_environment
from pipeline.console import exit_on_error
from pipeline.errors import ConfigError
from pipeline.process import prepare
from pipeline.tasks.molecules.settings import MoleculeRun


def main() -> None:
    """Run the command `energy`."""
    options = parse()
    prepare()
    exit_on_error(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Check the options against the run in params.yaml, and estimate.

    Raises ConfigError if the run is of another task, and DataError if a molecule cannot be read.
    """
    from pipeline import config  # here, once the process is prepared

    settings = config.run_of(config.load(), options.run)
    if not isinstance(settings, MoleculeRun):
        raise ConfigError(
            f"{config.PARAMS}: runs.{options.run}.task = {settings.task} does not estimate energies"
        )
    set_environment(settings.training.numerics)
    from pipeline.tasks.molecules.estimator import estimate  # here: torch takes a second to import

    estimate(options, settings)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="energy", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="name of a run in params.yaml")
    parser.add_argument("file", nargs="?", type=Path, help="xyz file; standard input without one")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
