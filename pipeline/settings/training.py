"""Settings of training: device, batches, optimizer, schedule, regularisation, checkpoints."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, model_validator

from models.settings import Numerics, PositiveFloat, Probability, Settings
from pipeline.settings.base import NonNegativeFloat, Seed, Share


class Device(StrEnum):
    """Device of a network."""

    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """Number format of matrix products; weights are always float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class CheckpointSelection(StrEnum):
    """Which weights of a training become the model of the run."""

    AVERAGED = "averaged"  # the mean of the last checkpoints
    BEST = "best"  # the weights with the lowest validation loss
    LAST = "last"


class Adam(Settings):
    """Adam (Kingma and Ba 2015)."""

    kind: Literal["adam"]
    beta1: Probability  # decay of the mean gradient
    beta2: Probability  # decay of the mean squared gradient
    epsilon: PositiveFloat  # added to the root of the mean squared gradient


class AdamW(Settings):
    """Adam with decoupled weight decay (Loshchilov and Hutter 2019)."""

    kind: Literal["adamw"]
    beta1: Probability
    beta2: Probability
    epsilon: PositiveFloat
    weight_decay: NonNegativeFloat  # an update subtracts learning rate * weight_decay * weight


Optimizer = Annotated[Adam | AdamW, Field(discriminator="kind")]


class Constant(Settings):
    """Linear warm-up, then the peak rate."""

    kind: Literal["constant"]
    warmup_steps: PositiveInt  # updates until the peak; 1: no warm-up


class InverseSquareRoot(Settings):
    """Linear warm-up, then decay with the inverse square root of the step (Vaswani et al. 2017)."""

    kind: Literal["inverse_square_root"]
    warmup_steps: PositiveInt


class Cosine(Settings):
    """Linear warm-up, then half a period of a cosine (Loshchilov and Hutter 2017)."""

    kind: Literal["cosine"]
    warmup_steps: PositiveInt
    final_ratio: Share  # learning rate of the last step / peak


Schedule = Annotated[Constant | InverseSquareRoot | Cosine, Field(discriminator="kind")]


class Training(Settings):
    """Training of a run; a step is one optimizer update."""

    seed: Seed
    device: Device
    processes: PositiveInt  # each computes its share of every batch; with cuda, one GPU each
    threads: PositiveInt  # CPU threads of a process; their number changes rounding
    numerics: Numerics
    precision: Precision
    compile: bool  # torch.compile
    steps: PositiveInt
    batch_tokens: PositiveInt  # target positions in a batch, padding included
    accumulate_batches: PositiveInt  # batches per update
    crop: PositiveInt | None  # positions of a random crop of a long sequence; null: whole sequences
    learning_rate: PositiveFloat  # the peak of the schedule
    optimizer: Optimizer
    schedule: Schedule
    label_smoothing: Probability
    gradient_clip: PositiveFloat | None  # maximum norm of the gradient; null: not clipped
    checkpoint_selection: CheckpointSelection
    average_checkpoints: PositiveInt  # the last N, average_every steps apart
    average_every: PositiveInt
    validate_every: PositiveInt
    checkpoint_every: PositiveInt
    keep_steps: list[PositiveInt]  # whose weights, as they are, are variants of the run

    @model_validator(mode="after")
    def _check_kept(self) -> "Training":
        if (
            self.keep_steps != sorted({*self.keep_steps})
            or max(self.keep_steps, default=0) > self.steps
        ):
            raise ValueError(
                f"keep_steps = {self.keep_steps} should grow and end at steps = {self.steps} or "
                "before"
            )
        return self

    @model_validator(mode="after")
    def _check_numerics(self) -> "Training":
        if self.numerics is Numerics.REPRODUCIBLE:
            for name, needed in (
                ("device", Device.CPU),
                ("precision", Precision.FLOAT32),
                ("compile", False),
            ):
                if (value := getattr(self, name)) != needed:
                    raise ValueError(
                        f"numerics = reproducible is for {name} = {str(needed).lower()}, not "
                        f"{str(value).lower()}; use numerics = native"
                    )
        return self

    @model_validator(mode="after")
    def _check_average(self) -> "Training":
        span = (self.average_checkpoints - 1) * self.average_every
        if span >= self.steps:
            raise ValueError(
                f"average_checkpoints = {self.average_checkpoints} spaced by average_every = "
                f"{self.average_every} reach back {span} steps, but steps = {self.steps}"
            )
        return self
