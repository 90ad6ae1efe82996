"""Print which learning rate of each grid has the lowest validation loss.

    python -m pipeline rates     # in tuning/

A grid are the runs <name>_rate_<number>, which differ in training.learning_rate alone; runs that
others start from belong to none. Reads params.yaml and reports/curves; records the grids in
reports/rates.json of the repository, which the page of the lecture's scale shows.
"""

from collections import defaultdict

from pipeline import config
from pipeline.config import Params
from pipeline.errors import ConfigError
from pipeline.reporting.rates import Grids, Trial, best, record
from pipeline.reporting.results import CURVES, read_curve

_SUFFIX = "_rate_"


def read_grids(params: Params) -> Grids:
    """Read the trials of each grid by its name; DataError names a damaged curve.

    Raises ConfigError if a run belongs to no grid.
    """
    grids = defaultdict(list)
    starts = {run.start_from.run for run in params.runs.values()}
    for name, run in params.runs.items():
        if name in starts:
            continue
        grid, suffix, _ = name.rpartition(_SUFFIX)
        if not suffix:
            raise ConfigError(f"{config.PARAMS}: runs.{name} is not named <name>{_SUFFIX}<number>")
        trained = (CURVES / f"{name}.csv").exists()
        loss = read_curve(name).validation[-1][1] if trained else None
        grids[grid].append(Trial(name, run.training.learning_rate, loss))
    return dict(grids)


def main() -> None:
    """Print a line per grid: the loss at each rate, and the rate that it chooses."""
    grids = read_grids(config.load())
    record(grids)
    for name, grid in grids.items():
        losses = ", ".join(
            f"{trial.learning_rate:g}: {'not run' if trial.loss is None else f'{trial.loss:.4f}'}"
            for trial in grid
        )
        chosen = best(grid)
        rate = f"{chosen.learning_rate:g}" if chosen else "not known"
        print(f"{name}: {rate} ({losses})")
