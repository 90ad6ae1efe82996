"""Settings of the runs of all tasks."""

from pydantic import model_validator

from models.settings import (
    Blockwise,
    Categorical,
    ClassAndNextId,
    ClassSoftmax,
    GgnnSettings,
    ModelSettings,
    Settings,
    Structure,
    TransformerSettings,
)
from pipeline.settings.base import Name
from pipeline.settings.training import Training

SCRATCH = "scratch"  # the name of no run: random weights


class StartFrom(Settings):
    """The weights that a training starts from: those of another run, where the network has them."""

    run: Name  # or SCRATCH
    frozen: bool  # whether the weights that are taken stay as they are

    @model_validator(mode="after")
    def _check_frozen(self) -> "StartFrom":
        if self.frozen and self.run == SCRATCH:
            raise ValueError(f"frozen = true, but run = {SCRATCH} has no weights; use false")
        return self


class Run(Settings):
    """One network on one data set; a task adds its name, decoding and evaluation."""

    dataset: Name
    title: str  # in the report
    start_from: StartFrom
    model: ModelSettings
    training: Training

    @model_validator(mode="after")
    def _check_smoothing(self) -> "Run":
        smoothing = self.training.label_smoothing
        if smoothing > 0.0 and isinstance(self.model, TransformerSettings | GgnnSettings):
            output = self.model.output
            if not isinstance(output, Categorical | Blockwise | ClassSoftmax | ClassAndNextId):
                raise ValueError(
                    f"training.label_smoothing = {smoothing} is defined for a softmax, but "
                    f"model.output.kind = {output.kind}; use 0.0"
                )
        return self

    @model_validator(mode="after")
    def _check_proposals(self) -> "Run":
        path, method = self._method
        output = getattr(self.model, "output", None)
        if method == "blockwise" and not isinstance(output, Blockwise):
            raise ValueError(
                f"{path} = blockwise needs the proposals of model.output.kind = blockwise; use "
                "that output, or another method"
            )
        return self

    @property
    def _method(self) -> tuple[str, str | None]:
        """The path and the value of the parameter that says how ids are found."""
        return "decoding.method", getattr(self.decoding, "method", None)

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
