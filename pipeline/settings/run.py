"""What the runs of every task have."""

from typing import Never

from models.settings import AnyModelSettings, Architecture, Settings
from pipeline.settings.base import Name
from pipeline.settings.training import Training


class Run(Settings):
    """One network on one data set; a task adds its name, how it is decoded and evaluated."""

    dataset: Name
    title: str  # how the report calls it
    model: AnyModelSettings
    training: Training

    def _expect(self, *architectures: Architecture) -> None:
        if self.model.architecture not in architectures:
            raise ValueError(
                f"model.architecture = {self.model.architecture} does not fit task = {self.task}; "
                f"use {' or '.join(architectures)}"
            )

    def _expect_whole_sequences(self) -> None:
        if self.training.crop is not None:
            raise ValueError(
                f"training.crop = {self.training.crop}, but task = {self.task} needs whole "
                "sequences; use null"
            )

    def _refuse(self, path: str, value: object, defined_for: str, remedy: str) -> Never:
        """Raise ValueError: the value of the parameter at `path` is for another task."""
        raise ValueError(
            f"{path} = {value} is defined for {defined_for}, but task = {self.task}; use {remedy}"
        )
