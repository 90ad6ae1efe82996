"""Types and settings that several parts share."""

import re
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from models.settings import Settings


def _check_sha256(text: str) -> str:
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise ValueError("should be the 64 hexadecimal digits of a sha256")
    return text


def _check_name(text: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_]*", text):
        raise ValueError("a name should have lower-case letters, digits and _ only")
    return text


def _check_split(text: str) -> str:
    if text not in ("train", "validation", "test") and not text.startswith("test_"):
        raise ValueError("a split should be train, validation, test or test_<name>")
    return _check_name(text)


Sha256 = Annotated[str, AfterValidator(_check_sha256)]
Name = Annotated[str, AfterValidator(_check_name)]
SplitName = Annotated[str, AfterValidator(_check_split)]
NonNegativeFloat = Annotated[float, Field(ge=0.0)]
NonNegativeInt = Annotated[int, Field(ge=0)]
Seed = Annotated[int, Field(ge=0, lt=2**63)]  # the seeds that torch accepts
Temperature = Annotated[float, Field(ge=1e-6)]  # smaller ones overflow logits
Share = Annotated[float, Field(ge=0.0, le=1.0)]


class Splits(Settings):
    """Share of the records (or groups of records) held out for validation and test."""

    validation: Share
    test: Share
    seed: Seed

    @model_validator(mode="after")
    def _check_training_split(self) -> "Splits":
        if self.validation + self.test >= 1.0:
            raise ValueError(
                f"validation = {self.validation} and test = {self.test} leave nothing to train on"
            )
        return self


class Method(StrEnum):
    """How many ids a pass of the network samples; their distribution is the same."""

    SEQUENTIAL = "sequential"  # one
    BLOCKWISE = "blockwise"  # those of its proposals that it confirms; model.output is blockwise


class Sampling(Settings):
    """How the next id is sampled."""

    seed: Seed
    temperature: Temperature
    top_k: PositiveInt | None  # null: all
    top_p: Annotated[float, Field(gt=0.0, le=1.0)]  # 1.0: all
