"""Command line options for sampling."""

import argparse
from typing import Any

from pydantic import ValidationError

from pipeline.errors import ConfigError
from pipeline.explain import explain
from pipeline.settings.base import Sampling


def add_sampling_options(parser: argparse.ArgumentParser) -> None:
    """Add --temperature, --top-k, --top-p and --seed to `parser`."""
    parser.add_argument("--temperature", type=float, help="below 1: safer; above 1: bolder")
    parser.add_argument("--top-k", type=int, help="sample from the k likeliest")
    parser.add_argument("--top-p", type=float, help="sample from the likeliest of this total")
    parser.add_argument("--seed", type=int, help="of the random numbers")


def chosen(default: Sampling, options: argparse.Namespace) -> Sampling:
    """Override the sampling of a run with `options`; ConfigError names an invalid option."""
    given = {name: getattr(options, name) for name in Sampling.model_fields}
    values: dict[str, Any] = default.model_dump()
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Sampling(**values)
    except ValidationError as error:
        raise ConfigError(f"--{explain(error, values).replace('_', '-')}") from None


def positive(text: str) -> int:
    """Parse a positive integer, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("should be 1 or more")
    return number
