"""The ways to fill a template: one id a pass of the network, or several."""

from collections.abc import Callable
from typing import Protocol

import torch
from torch import Tensor

from models.shared.base import AutoregressiveModel, BlockwiseModel
from pipeline.console import Progress
from pipeline.decoding import sampling as one_by_one
from pipeline.decoding.blockwise import Heads, fill_in_blocks, greedy
from pipeline.decoding.speculative import Draft, SampledHeads, Speculation
from pipeline.settings.base import Method, Sampling

BLOCKS = "blocks.json"  # a file of samples: see Fill.blocks
DRAFTED = 4  # ids that a small network guesses at a time


class Fill(Protocol):
    """Fills templates as sampling.fill does.

    `blocks` are the numbers of ids that each pass added to each row, of all templates so far; none
    if that is always one.
    """

    blocks: list[list[int]]

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


class Sequential:
    """One id a pass."""

    def __init__(self) -> None:
        self.blocks: list[list[int]] = []

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
        return one_by_one.fill(model, template, sampling, progress, source, enough)


class Blockwise:
    """Several ids a pass: greedy if only the likeliest is sampled, else by speculative sampling.

    They are proposed by the network, or by a small one, `draft`.
    """

    def __init__(self, draft: BlockwiseModel | None = None) -> None:
        self.blocks: list[list[int]] = []
        self._draft = draft

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
        self.blocks += found.blocks
        return found.ids


def fill_of(method: Method) -> Fill:
    """Return the way that a run has chosen."""
    match method:
        case Method.SEQUENTIAL:
            return Sequential()
        case Method.BLOCKWISE:
            return Blockwise()
