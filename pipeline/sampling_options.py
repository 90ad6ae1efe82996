"""Command line options for sampling."""

import argparse
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from models.settings import Blockwise, LogisticMixture, Structure, TransformerSettings
from pipeline.errors import ConfigError
from pipeline.explain import explain
from pipeline.settings.base import Method, Sampling
from pipeline.settings.run import Run

if TYPE_CHECKING:
    from pipeline.networks import Network


def add_sampling_options(parser: argparse.ArgumentParser) -> None:
    """Add --temperature, --top-k, --top-p, --seed, --decoding and --proposer to `parser`."""
    parser.add_argument("--temperature", type=float, help="below 1: safer; above 1: bolder")
    parser.add_argument("--top-k", type=int, help="sample from the k likeliest")
    parser.add_argument("--top-p", type=float, help="sample from the likeliest of this total")
    parser.add_argument("--seed", type=int, help="of the random numbers")
    methods = [method.value for method in Method]
    parser.add_argument(
        "--decoding",
        choices=methods,
        help="sequential, or blockwise: several ids a pass, faster (as in params.yaml)",
    )
    parser.add_argument(
        "--proposer",
        metavar="RUN",
        help="with blockwise: a run with a small network that proposes the ids, on the same data",
    )


def chosen(default: Sampling, options: argparse.Namespace) -> Sampling:
    """Override the sampling of a run with `options`; ConfigError names an invalid option."""
    given = {name: getattr(options, name) for name in Sampling.model_fields}
    values: dict[str, Any] = default.model_dump()
    values |= {name: value for name, value in given.items() if value is not None}
    try:
        return Sampling(**values)
    except ValidationError as error:
        raise ConfigError(f"--{explain(error, values).replace('_', '-')}") from None


def check_decoding(network: "Network", options: argparse.Namespace) -> Method:
    """Return how the ids of `network` are decoded; ConfigError if nothing proposes several."""
    from pipeline.config import run_of  # here, once the process is prepared

    params, name, run = network.params, network.name, network.run
    method = Method(options.decoding or run.decoding.method)
    if options.proposer is not None:
        proposer = run_of(params, options.proposer)
        if method is not Method.BLOCKWISE:
            raise ConfigError(f"--proposer {options.proposer} needs --decoding blockwise; add it")
        for each, settings in ((name, run), (options.proposer, proposer)):
            _check_blockwise(each, settings)
        if proposer.dataset != run.dataset or run.model.structure is not Structure.DECODER:
            raise ConfigError(
                f"--proposer {options.proposer}: its ids are not those of {name}; choose a "
                f"run on {run.dataset} without a source"
            )
    elif method is Method.BLOCKWISE and not _proposes(run):
        raise ConfigError(
            f"--decoding blockwise: {name} has no proposals (model.output.kind = "
            "blockwise); name a small network with --proposer"
        )
    return method


def _proposes(run: Run) -> bool:
    return isinstance(getattr(run.model, "output", None), Blockwise)


def _check_blockwise(name: str, run: Run) -> None:
    """Refuse networks that take one id at a time."""
    model = run.model
    if not isinstance(model, TransformerSettings) or isinstance(model.output, LogisticMixture):
        raise ConfigError(
            f"--decoding blockwise: {name} takes one id at a time; choose a Transformer with a "
            "softmax"
        )


def positive(text: str) -> int:
    """Parse a positive integer, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("should be 1 or more")
    return number
