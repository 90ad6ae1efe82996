"""The ways to fill a template: one id a pass of the network, or several."""

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from models.shared.base import AutoregressiveModel, BlockwiseModel
from pipeline.blocks import Agreement, Blocks, write_blocks
from pipeline.console import Progress
from pipeline.decoding.blockwise import Heads, fill_in_blocks, greedy
from pipeline.decoding.exactness import agreements
from pipeline.decoding.sampling import fill
from pipeline.decoding.speculative import Draft, SampledHeads, Speculation
from pipeline.settings.base import Method, Sampling

DRAFTED = 4  # ids that a small network guesses at a time


class Fill(Protocol):
    """Fills templates as sampling.fill does."""

    def __call__(
        self,
        model: AutoregressiveModel,
        template: Tensor,
        sampling: Sampling,
        progress: Progress | None = None,
        source: Tensor | None = None,
        enough: Callable[[Tensor], bool] | None = None,
    ) -> Tensor:
        """See sampling.fill."""


class Blockwise:
    """Several ids a pass: greedy if only the likeliest is sampled, else by speculative sampling.

    They are proposed by the network, or by a small one, `draft`. With `compares`, what is greedy is
    compared with sampling.fill. `blocks` tells of all rows so far.
    """

    def __init__(self, draft: BlockwiseModel | None = None, compares: bool = False) -> None:
        self._draft, self._compares = draft, compares
        self._sizes: list[list[int]] = []
        self._agreements: list[Agreement] = []

    @property
    def blocks(self) -> Blocks:
        """What each pass added to the rows of all templates so far."""
        return Blocks(self._sizes, self._agreements)

    def __call__(
        self,
        model: BlockwiseModel,
        template: Tensor,
        sampling: Sampling,
        progress: Progress | None = None,
        source: Tensor | None = None,
        enough: Callable[[Tensor], bool] | None = None,
    ) -> Tensor:
        """See sampling.fill; the ids are others of the same distribution, or equal if greedy."""
        random = torch.Generator(device=template.device).manual_seed(sampling.seed)
        if source is not None:
            source = source.repeat_interleave(len(template) // len(source), dim=0)
        if self._draft is not None:
            size = template.shape
            proposer = Draft(self._draft, DRAFTED, *size, sampling, random)
        elif sampling.top_k == 1:
            proposer = Heads(model.head)
        else:
            proposer = SampledHeads(model, sampling, random)
        rule = greedy if sampling.top_k == 1 else Speculation(sampling, random)
        found = fill_in_blocks(
            model, template, proposer, rule, source, progress=progress, enough=enough
        )
        self._sizes += found.blocks
        if self._compares and rule is greedy:
            expected = fill(model, template, sampling, progress, source, enough)
            sequences = (found.ids.tolist(), expected.tolist())
            self._agreements += agreements(model, *sequences, source)
        return found.ids


def fill_of(method: Method) -> Fill:
    """Return the way that a run has chosen, for its decode stage."""
    match method:
        case Method.SEQUENTIAL:
            return fill
        case Method.BLOCKWISE:
            return Blockwise(compares=True)


def write_blocks_of(fill: Fill, samples: Path) -> None:
    """Write the blocks of `fill` beside `samples`, if it adds several ids a pass."""
    if isinstance(fill, Blockwise):
        write_blocks(samples, fill.blocks)
