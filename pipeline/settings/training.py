"""How weights are found, as params.yaml says it."""

from enum import StrEnum

from pydantic import PositiveInt, model_validator

from models.settings import PositiveFloat, Probability, Settings
from pipeline.settings.base import Seed


class Device(StrEnum):
    """Where a network runs."""

    CPU = "cpu"
    CUDA = "cuda"


class Precision(StrEnum):
    """The numbers that matrix products are computed in; weights are always float32."""

    FLOAT32 = "float32"
    BFLOAT16 = "bfloat16"


class Publish(StrEnum):
    """Which weights of a training are published."""

    AVERAGED = "averaged"  # the mean of the last checkpoints
    BEST = "best"  # those with the lowest validation loss
    LAST = "last"


class Training(Settings):
    """How weights are found; a step is one optimizer update."""

    seed: Seed
    device: Device
    processes: PositiveInt  # each computes its share of every batch; with cuda on a GPU of its own
    threads: PositiveInt  # CPU threads of a process; another number rounds differently
    precision: Precision
    compile: bool  # torch.compile
    steps: PositiveInt
    batch_tokens: PositiveInt  # target positions in a batch, padding included
    accumulate: PositiveInt  # batches of one update
    crop: PositiveInt | None  # positions of a random crop of a long sequence; null: whole sequences
    learning_rate: PositiveFloat  # the peak, reached at warmup_steps
    warmup_steps: PositiveInt
    adam_beta1: Probability
    adam_beta2: Probability
    adam_epsilon: PositiveFloat
    label_smoothing: Probability
    gradient_clip: PositiveFloat | None  # largest norm of the gradient; null: not clipped
    publish: Publish
    average_checkpoints: PositiveInt  # the last N, spaced by average_every
    average_every: PositiveInt
    validate_every: PositiveInt
    checkpoint_every: PositiveInt

    @model_validator(mode="after")
    def _check_average(self) -> "Training":
        span = (self.average_checkpoints - 1) * self.average_every
        if span >= self.steps:
            raise ValueError(
                f"average_checkpoints = {self.average_checkpoints} spaced by average_every = "
                f"{self.average_every} reach back {span} steps, but steps = {self.steps}"
            )
        return self
