"""Settings of the evaluation of all tasks."""

from typing import Annotated

from pydantic import Field

from models.settings import Settings
from pipeline.settings.base import Seed


class EvaluationSettings(Settings):
    """Intervals of scores; a task adds what it measures."""

    # Resamples of the clusters of test records; of fewer no share of 2.5 % lies beyond an end.
    bootstrap_samples: Annotated[int, Field(ge=40)]
    bootstrap_seed: Seed
