"""Blockwise parallel decoding (Stern et al. 2018), for any task: several ids a pass.

A pass of the network over a block, the last known id and guesses of those after it, says of each
guess whether it is kept, gives one more id, and by its hidden states the next guesses (section 4).
The greedy rule keeps the guesses up to the first that is not the likeliest id, so that the ids are
those of greedy decoding; speculative.py has a rule for sampling.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import torch
from torch import Tensor
from torch.nn import functional as F

from models.shared.base import BlockwiseModel, RowState
from models.shared.heads import ProposalHead
from pipeline.console import Progress
from pipeline.decoding.sampling import TO_SAMPLE


@dataclass(frozen=True)
class Guesses:
    """Guesses of the ids after the last known one.

    `ids` (row, guess), and unnormalised probabilities `weights` (row, guess, output) with which
    they were sampled, None if they were not.
    """

    ids: Tensor
    weights: Tensor | None = None


class Proposer(Protocol):
    """Guesses the next ids of rows."""

    def guess(self, hidden: Tensor, ids: Tensor, lengths: Tensor) -> Guesses:
        """Guess what follows the first `lengths` (row,) of ids (row, position).

        hidden (row, d_model) is the state of the network that predicted the last of them.
        """

    def reorder(self, rows: Tensor) -> None:
        """Keep the rows `rows`, in that order."""


class Heads:
    """The likeliest ids of p_2 .. p_k of a network with proposals."""

    def __init__(self, head: ProposalHead) -> None:
        self._head = head

    def guess(self, hidden: Tensor, ids: Tensor, lengths: Tensor) -> Guesses:
        """See Proposer."""
        return Guesses(self.logits(hidden).argmax(dim=-1))

    def logits(self, hidden: Tensor) -> Tensor:
        """Map hidden (row, d_model) to the logits (row, guess, output) of p_2 .. p_k."""
        return self._head.next_logits(self._head.proposals(hidden)[:, 1:])

    def reorder(self, rows: Tensor) -> None:
        """See Proposer; there is nothing to reorder."""


@dataclass(frozen=True)
class Kept:
    """How many guesses (row,) of a block are kept, and the id (row,) after each of the block."""

    count: Tensor
    following: Tensor


# Maps logits (row, block, output) after each id of a block, the guesses that are its ids but for
# the first, and the ids given there (row, block), TO_SAMPLE where none is, to what is kept.
Rule = Callable[[Tensor, Guesses, Tensor], Kept]


def greedy(logits: Tensor, guesses: Guesses, given: Tensor) -> Kept:
    """Keep guesses up to the first that is neither given nor the likeliest id."""
    ids = torch.where(given == TO_SAMPLE, logits.argmax(dim=-1), given)
    count = (guesses.ids == ids[:, :-1]).long().cumprod(dim=1).sum(dim=1)
    return Kept(count, ids.gather(1, count[:, None]).squeeze(1))


@dataclass(frozen=True)
class Generated:
    """Sequences, filled up to their ends; and the ids that each pass added to a row."""

    ids: Tensor  # (row, length)
    lengths: Tensor  # (row,) ids up to the end, which is included
    log_probs: Tensor  # (row,) of the ids after the first ones, given or not, in float64
    blocks: list[list[int]]  # of each row, without ids that were given


@torch.no_grad()
def fill_in_blocks(
    model: BlockwiseModel,
    template: Tensor,
    proposer: Proposer,
    rule: Rule = greedy,
    source: Tensor | None = None,
    end: int | None = None,
    progress: Progress | None = None,
    enough: Callable[[Tensor], bool] | None = None,
) -> Generated:
    """Fill the ids of template (row, length) that are TO_SAMPLE, in order, up to an `end`.

    The first column has to be given. A source is (row, position). Rows that are done leave the
    batch. Stops early when the columns that all rows have are `enough`.
    """
    run = _Run(model, template, source, end)
    guesses, hidden = Guesses(template[:, :0]), run.begin()
    while True:
        logits = model.head.next_logits(hidden)
        kept = rule(logits, guesses, run.given(logits.shape[1]))
        run.add(logits, guesses.ids, kept)
        hidden = hidden.gather(1, kept.count[:, None, None].expand(-1, 1, hidden.shape[2]))[:, 0]
        alive = run.alive()
        if alive is not None:
            run.keep(alive)
            if not len(alive):
                return run.result
            proposer.reorder(alive)
            hidden = hidden.index_select(0, alive)
        known = int(run.known.min())
        if enough is not None and enough(run.ids[:, :known]):
            run.keep(run.known[:0])
            return replace(run.result, ids=run.result.ids[:, :known])
        if progress is not None:
            progress.update(known)
        guesses = proposer.guess(hidden, run.ids, run.known)
        given = run.given(guesses.ids.shape[1])
        guesses = replace(guesses, ids=torch.where(given == TO_SAMPLE, guesses.ids, given))
        hidden = run.feed(guesses.ids)


class _Run:
    """The rows that are not done, and the results of all.

    Tables of ids have a column more than rows, for what a block has beyond the end of a row.
    """

    def __init__(
        self, model: BlockwiseModel, template: Tensor, source: Tensor | None, end: int | None
    ) -> None:
        count, self._length = template.shape
        self._model, self._end = model, end
        self._state: RowState = model.init_rows(source, count, self._length - 1)
        self._rows = torch.arange(count, device=template.device)  # of the template
        self._template = F.pad(template, (0, 1), value=TO_SAMPLE)
        self.ids = self._template.clone()
        self.known = torch.ones_like(self._rows)  # ids of a row
        self._log_probs = torch.zeros(count, dtype=torch.float64, device=template.device)
        blocks = [[] for _ in range(count)]
        self.result = Generated(
            template.clone(), self.known.clone(), self._log_probs.clone(), blocks
        )

    def begin(self) -> Tensor:
        """Feed the first ids, as many as are given in all rows; return (row, 1, d_model) states."""
        missing = (self._template == TO_SAMPLE).any(dim=0)
        count = min(int(missing.long().argmax()), self._length - 1)
        self.known = self.known * count
        return self._model.feed(self._template[:, :count], self._state)[:, -1:]

    def feed(self, guesses: Tensor) -> Tensor:
        """Feed the last known id of each row, and guesses (row, guess); return hidden states."""
        last = self.ids.gather(1, self.known[:, None] - 1)
        return self._model.feed(torch.cat((last, guesses), dim=1), self._state)

    def given(self, count: int) -> Tensor:
        """Return what is given of the next `count` ids of each row, (row, id)."""
        return self._template.gather(1, self._next(count))

    def add(self, logits: Tensor, guesses: Tensor, kept: Kept) -> None:
        """Add the guesses that are kept, and the id after them, up to the end of each row."""
        following = kept.following[:, None]
        block = torch.cat((guesses, following), dim=1).scatter(1, kept.count[:, None], following)
        index, at = torch.arange(block.shape[1], device=block.device), self._next(block.shape[1])
        new = (index <= kept.count[:, None]) & (at < self._length)
        if self._end is not None:
            ends = (block == self._end).long()
            new &= ends.cumsum(dim=1) == ends  # nothing before it ends the row
        gains = logits.log_softmax(dim=-1).gather(-1, block[:, :, None]).squeeze(-1)
        self._log_probs += gains.double().masked_fill(~new, 0.0).sum(dim=1)
        sizes = (new & (self.given(block.shape[1]) == TO_SAMPLE)).sum(dim=1)
        for row, size in zip(self._rows.tolist(), sizes.tolist(), strict=True):
            self.result.blocks[row].append(size)
        self.ids.scatter_(1, at, torch.where(new, block, self.ids.gather(1, at)))
        self.known = self.known + new.sum(dim=1)
        self._state.lengths = self.known - 1

    def alive(self) -> Tensor | None:
        """Return the rows that are not done, None if all are not."""
        done = self.known == self._length
        if self._end is not None:
            done |= self.ids.gather(1, self.known[:, None] - 1).squeeze(1) == self._end
        return (~done).nonzero().squeeze(1) if done.any() else None

    def keep(self, alive: Tensor) -> None:
        """Record the results of the other rows, and keep the rows `alive`."""
        result = self.result
        result.ids[self._rows] = self.ids[:, : self._length]
        result.lengths[self._rows] = self.known
        result.log_probs[self._rows] = self._log_probs
        self._state.reorder(alive)
        for name in ("_rows", "_template", "ids", "known", "_log_probs"):
            setattr(self, name, getattr(self, name).index_select(0, alive))

    def _next(self, count: int) -> Tensor:
        """Return the positions (row, id) of the next `count` ids, at most the row's length."""
        index = torch.arange(count, device=self.known.device)
        return (self.known[:, None] + index).clamp(max=self._length)
