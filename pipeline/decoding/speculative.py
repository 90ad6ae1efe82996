"""Speculative sampling (Leviathan et al. 2023, algorithm 1): several ids a pass, exact in law.

Ids are guessed by a proposer that is cheap, and kept or replaced so that they are distributed as if
the network had sampled one after the other, also with a temperature, top-k and top-p.
"""

import torch
from torch import Tensor

from models.shared.base import BlockwiseModel
from pipeline.decoding.blockwise import Guesses, Heads, Kept
from pipeline.decoding.sampling import TO_SAMPLE, weights
from pipeline.settings.base import Sampling


def distribution(logits: Tensor, sampling: Sampling) -> Tensor:
    """Map logits (row, id, output) to the probabilities with which ids are sampled."""
    found = weights(logits.flatten(0, 1), sampling).view(logits.shape)
    return found / found.sum(dim=-1, keepdim=True)


def draw(probabilities: Tensor, random: torch.Generator) -> Tensor:
    """Sample ids (row, id) from probabilities (row, id, output), which need no sum of 1."""
    return torch.multinomial(probabilities.flatten(0, 1), 1, generator=random).view(
        probabilities.shape[:-1]
    )


class Speculation:
    """The rule that keeps a guess with probability min(1, p / q), and else samples another id.

    p is the distribution of the network, q that of the proposer; the other id is sampled from
    max(0, p - q), normalised, and after the last guess from p.
    """

    def __init__(self, sampling: Sampling, random: torch.Generator) -> None:
        self._sampling, self._random = sampling, random

    def __call__(self, logits: Tensor, guesses: Guesses, given: Tensor) -> Kept:
        """See Rule."""
        p = distribution(logits, self._sampling)
        q = torch.zeros_like(p)
        count = guesses.ids.shape[1]
        if guesses.weights is not None:
            q[:, :count] = guesses.weights
        of_guess = [each[:, :count].gather(-1, guesses.ids[..., None])[..., 0] for each in (p, q)]
        uniform = torch.rand(guesses.ids.shape, generator=self._random, device=p.device)
        is_given = given != TO_SAMPLE
        kept = is_given[:, :count] | (uniform * of_guess[1] < of_guess[0])
        kept = kept.long().cumprod(dim=1).sum(dim=1)
        p, q = (each.gather(1, _last(kept, p))[:, 0] for each in (p, q))
        rest = (p - q).clamp(min=0.0)
        rest = torch.where(rest.sum(dim=-1, keepdim=True) > 0.0, rest, p)  # else p = q
        sampled = torch.multinomial(rest, 1, generator=self._random)
        own = given.gather(1, kept[:, None])
        return Kept(kept, torch.where(own == TO_SAMPLE, sampled, own)[:, 0])


def _last(kept: Tensor, like: Tensor) -> Tensor:
    """Return the index (row, 1, output) of the position after what is `kept` (row,)."""
    return kept[:, None, None].expand(-1, 1, like.shape[2])


class SampledHeads(Heads):
    """Ids sampled from p_2 .. p_k of a network with proposals."""

    def __init__(self, model: BlockwiseModel, sampling: Sampling, random: torch.Generator) -> None:
        super().__init__(model.head)
        self._sampling, self._random = sampling, random

    def guess(self, hidden: Tensor, ids: Tensor, lengths: Tensor) -> Guesses:
        """See Proposer."""
        found = distribution(self.logits(hidden), self._sampling)
        return Guesses(draw(found, self._random), found)


class Draft:
    """Ids sampled one after the other from another network, a small one of the same ids."""

    def __init__(
        self,
        model: BlockwiseModel,
        count: int,
        rows: int,
        length: int,
        sampling: Sampling,
        random: torch.Generator,
    ) -> None:
        """Guess `count` ids at a time, for `rows` of at most `length` ids."""
        self._model, self._count = model, count
        self._state = model.init_rows(None, rows, length)
        self._sampling, self._random = sampling, random

    def guess(self, hidden: Tensor, ids: Tensor, lengths: Tensor) -> Guesses:
        """See Proposer; first feed the known ids that this network has not seen.

        It has not seen the last one, nor, if all were kept, the last that it guessed.
        """
        state = self._state
        fed = state.lengths.minimum(lengths - 1)
        unseen = int((lengths - fed).max())
        state.lengths = (lengths - unseen).clamp(min=0)
        at = state.lengths[:, None] + torch.arange(unseen, device=ids.device)
        block, guessed, found = ids.gather(1, at), [], []
        for _ in range(self._count):
            logits = self._model.head.next_logits(self._model.feed(block, state)[:, -1:])
            found.append(probabilities := distribution(logits, self._sampling))
            block = draw(probabilities, self._random)
            guessed.append(block)
        return Guesses(torch.cat(guessed, dim=1), torch.cat(found, dim=1))

    def reorder(self, rows: Tensor) -> None:
        """See Proposer."""
        self._state.reorder(rows)
