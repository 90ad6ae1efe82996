"""What the runs of every task have."""

from models.settings import (
    AnyModelSettings,
    Architecture,
    Embeddings,
    LogisticMixture,
    ModelSettings,
    Settings,
)
from pipeline.settings.base import Name
from pipeline.settings.training import Training


class Run(Settings):
    """One network on one data set; a task adds how it is decoded and evaluated."""

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

    def _refuse_crop(self) -> None:
        if self.training.crop is not None:
            raise ValueError(
                f"training.crop = {self.training.crop}, but task = {self.task} needs whole "
                "sequences; use null"
            )

    def _refuse_pixels(self) -> None:
        if not isinstance(self.model, ModelSettings):
            return
        if isinstance(self.model.output, LogisticMixture):
            raise ValueError(
                f"model.output.kind = {self.model.output.kind} is defined for images, but task = "
                f"{self.task}; use categorical"
            )
        if self.model.embeddings is Embeddings.CHANNELS:
            raise ValueError(
                f"model.embeddings = {self.model.embeddings} is defined for images, but task = "
                f"{self.task}; use separate"
            )
