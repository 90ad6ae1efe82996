"""Base class of all settings, and constrained number types."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PositiveInt


class Settings(BaseModel):
    """Strict, frozen model: finite numbers only, unknown keys are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _check_even(number: int) -> int:
    if number % 2:
        raise ValueError("should be even")
    return number


def _check_odd(number: int) -> int:
    if number % 2 == 0:
        raise ValueError("should be odd, so that a kernel has a middle")
    return number


Probability = Annotated[float, Field(ge=0.0, lt=1.0)]
PositiveFloat = Annotated[float, Field(gt=0.0)]
EvenWidth = Annotated[PositiveInt, AfterValidator(_check_even)]
KernelSize = Annotated[int, Field(ge=3), AfterValidator(_check_odd)]
