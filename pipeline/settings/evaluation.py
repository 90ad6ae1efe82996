"""Settings of the evaluation of all tasks."""

from pydantic import PositiveInt

from models.settings import Settings
from pipeline.settings.base import Seed


class EvaluationSettings(Settings):
    """Intervals of scores; a task adds what it measures."""

    bootstrap_samples: PositiveInt  # resamples of the clusters of test records
    bootstrap_seed: Seed
