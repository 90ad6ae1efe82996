"""Settings of the runs of all tasks."""

from pydantic import model_validator

from models.settings import (
    Categorical,
    ClassSoftmax,
    GgnnSettings,
    ModelSettings,
    Settings,
    Structure,
    TransformerSettings,
)
from pipeline.settings.base import Name
from pipeline.settings.training import Training


class Run(Settings):
    """One network on one data set; a task adds its name, decoding and evaluation."""

    dataset: Name
    title: str  # in the report
    model: ModelSettings
    training: Training

    @model_validator(mode="after")
    def _check_smoothing(self) -> "Run":
        smoothing = self.training.label_smoothing
        if smoothing > 0.0 and isinstance(self.model, TransformerSettings | GgnnSettings):
            output = self.model.output
            if not isinstance(output, Categorical | ClassSoftmax):
                raise ValueError(
                    f"training.label_smoothing = {smoothing} is defined for a softmax, but "
                    f"model.output.kind = {output.kind}; use 0.0"
                )
        return self

    def _expect(self, structure: Structure) -> None:
        if self.model.structure is not structure:
            raise ValueError(
                f"model.structure = {self.model.structure} does not fit task = {self.task}; "
                f"use {structure}"
            )

    def _expect_whole_sequences(self) -> None:
        if self.training.crop is not None:
            raise ValueError(
                f"training.crop = {self.training.crop}, but task = {self.task} needs whole "
                "sequences; use null"
            )
