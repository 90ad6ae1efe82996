"""The options by which a command changes how a run draws."""

import argparse
from typing import Any

from pydantic import ValidationError

from pipeline.errors import ConfigError
from pipeline.explain import explain
from pipeline.settings.base import Sampling


def add_sampling_options(parser: argparse.ArgumentParser) -> None:
    """Let `parser` read --temperature, --top-k, --top-p and --seed."""
    parser.add_argument("--temperature", type=float, help="below 1: safer; above 1: bolder")
    parser.add_argument("--top-k", type=int, help="draw among the k likeliest")
    parser.add_argument("--top-p", type=float, help="draw among the likeliest of this probability")
    parser.add_argument("--seed", type=int, help="of the draws")


def chosen(usual: Sampling, options: argparse.Namespace) -> Sampling:
    """The sampling of the run with what `options` change; ConfigError names a wrong one."""
    given = {name: getattr(options, name) for name in Sampling.model_fields}
    values: dict[str, Any] = usual.model_dump()
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Sampling(**values)
    except ValidationError as error:
        raise ConfigError(f"--{explain(error, values).replace('_', '-')}") from None


def positive(text: str) -> int:
    """A count, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("should be 1 or more")
    return number
