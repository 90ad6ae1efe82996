"""Beam search with the length penalty of GNMT (Wu et al. 2016, eq. 14)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.shared.base import PADDING, AutoregressiveModel
from pipeline.tasks.translation.decoding.largest import largest, log_sum_exp
from pipeline.tasks.translation.settings import Beam
from pipeline.training.batches import pad

# Sentences that are done leave the batch when they are so large a share of it: their further
# extensions cannot be better, and copying the others at each step takes longer.
FINISHED_SHARE = 0.125


@dataclass(frozen=True)
class Hypothesis:
    """A finished translation."""

    ids: list[int]  # without BOS and EOS
    score: float  # log P / length penalty, EOS included in both
    blocks: list[int] | None = None  # ids that each pass added, of blockwise decoding


@dataclass
class _Beams:
    """The alive and the finished hypotheses of the sentences that are still being searched.

    A hypothesis without EOS is a node of the tree of all of them, -1 its root.
    """

    sentences: Tensor  # (sentence,) indexes of the sources
    limits: Tensor  # (sentence,) the last position of a hypothesis, EOS included
    alive: Tensor  # (sentence, beam) nodes
    alive_log_probs: Tensor  # (sentence, beam), best first
    finished: Tensor  # (sentence, kept) nodes; as many as the beam is wide, or as are asked for
    finished_scores: Tensor  # (sentence, kept), best first; -inf if there is none yet

    def keep(self, sentences: Tensor) -> None:
        """Keep only the rows `sentences` of all tensors."""
        for name, tensor in vars(self).items():
            setattr(self, name, tensor.index_select(0, sentences))


class _Tree:
    """All hypotheses that were alive: each is another one, its parent, and a last id."""

    def __init__(self) -> None:
        self._parents: list[int] = []
        self._ids: list[int] = []

    def add(self, parents: Tensor, ids: Tensor) -> Tensor:
        """Add a node for each of `parents` and `ids`; return the nodes, of the same shape."""
        first = len(self._ids)
        self._parents += parents.flatten().tolist()
        self._ids += ids.flatten().tolist()
        return torch.arange(first, len(self._ids), device=ids.device).view(ids.shape)

    def ids(self, node: int) -> list[int]:
        """Return the ids from the root to `node`."""
        found = []
        while node >= 0:
            found.append(self._ids[node])
            node = self._parents[node]
        return found[::-1]


def length_penalty(length: Tensor | int, alpha: float) -> Tensor | float:
    """Compute lp(Y) = (5 + |Y|)^alpha / (5 + 1)^alpha (Wu et al. 2016, eq. 14)."""
    return ((5.0 + length) / 6.0) ** alpha


@torch.no_grad()
def search(
    model: AutoregressiveModel,
    sources: list[Tensor],
    bos: int,
    eos: int,
    beam: Beam,
    extra_length: int,
) -> list[list[Hypothesis]]:
    """Return the `n_best` hypotheses of each source, best first; all sources form one batch.

    A hypothesis has at most len(source) + `extra_length` ids, EOS included. The search of a source
    stops when no alive hypothesis can beat its `n_best` finished ones.
    """
    device = next(model.parameters()).device
    size, alpha, n_best = beam.beam_size, beam.length_penalty, beam.n_best
    beams = _start(sources, size, max(size, n_best), extra_length, device)
    max_length = int(beams.limits.max())
    tree = _Tree()
    padded = pad([source.numpy() for source in sources], PADDING).to(device)
    state = model.init_state(padded, size, max_length)
    last = torch.full((len(sources) * size,), bos, device=device)
    results: list[list[Hypothesis]] = [[] for _ in sources]
    for position in range(max_length):
        logits = model.step(last, state).unflatten(0, (-1, size))
        alive_scores = beams.alive_log_probs - log_sum_exp(logits)
        at_limit = beams.limits == position + 1
        if at_limit.any():
            _force_eos(logits, at_limit, eos)
        extended = largest(alive_scores, logits, 2 * size)
        parents, last = _extend(beams, *extended, eos, length_penalty(position + 1, alpha))
        attainable = beams.alive_log_probs[:, 0] / length_penalty(beams.limits, alpha)
        done = (beams.finished_scores[:, n_best - 1] >= attainable) | at_limit
        if done.sum() < len(done) * FINISHED_SHARE:
            done.zero_()
        for row in done.nonzero().squeeze(-1).tolist():
            results[int(beams.sentences[row])] = _hypotheses(beams, row, tree, n_best)
        active = (~done).nonzero().squeeze(-1)
        if len(active) == 0:
            break
        beams.alive = tree.add(beams.alive, last)
        rows = (torch.arange(len(done), device=device)[:, None] * size + parents)[active].flatten()
        state.reorder(rows)
        beams.keep(active)
        last = last[active].flatten()
    return results


def _start(
    sources: list[Tensor], size: int, kept: int, extra_length: int, device: torch.device
) -> _Beams:
    count = len(sources)
    limits = torch.tensor([len(source) + extra_length for source in sources], device=device)
    nodes = torch.full((count, size), -1, device=device)
    log_probs = torch.full((count, size), -torch.inf, device=device)
    log_probs[:, 0] = 0.0  # all rows of a sentence start equal: extend only the first
    finished = torch.full((count, kept), -1, device=device)
    finished_scores = torch.full((count, kept), -torch.inf, device=device)
    sentences = torch.arange(count, device=device)
    return _Beams(sentences, limits, nodes, log_probs, finished, finished_scores)


def _force_eos(logits: Tensor, at_limit: Tensor, eos: int) -> None:
    """Mask all outputs but EOS in logits (sentence, beam, output) where at_limit (sentence,)."""
    of_eos = logits[at_limit, :, eos]
    logits[at_limit] = -torch.inf
    logits[at_limit, :, eos] = of_eos


def _extend(
    beams: _Beams, log_probs: Tensor, parents: Tensor, ids: Tensor, eos: int, penalty: float
) -> tuple[Tensor, Tensor]:
    """Extend the alive hypotheses by the best 2 * beam extensions of a sentence, best first.

    An extension has log P, a parent beam and a last id, (sentence, 2 * beam) each. Those in the
    first half that end in EOS compete with the finished hypotheses (so that a beam of one stops
    where greedy decoding does); the best others stay alive. Returns the parent beam and the last id
    (sentence, beam) of each alive hypothesis; `beams.alive` are then the parents.
    """
    size = beams.alive.shape[1]
    nodes, ends = beams.alive.gather(1, parents), ids == eos

    ended = (log_probs / penalty).masked_fill(~ends, -torch.inf)[:, :size]
    scores = torch.cat((beams.finished_scores, ended), dim=1)
    beams.finished_scores, chosen = scores.topk(beams.finished.shape[1], dim=1)
    beams.finished = torch.cat((beams.finished, nodes[:, :size]), dim=1).gather(1, chosen)

    beams.alive_log_probs, chosen = log_probs.masked_fill(ends, -torch.inf).topk(size, dim=1)
    beams.alive = nodes.gather(1, chosen)
    return parents.gather(1, chosen), ids.gather(1, chosen)


def _hypotheses(beams: _Beams, row: int, tree: _Tree, n_best: int) -> list[Hypothesis]:
    nodes, scores = beams.finished[row, :n_best].tolist(), beams.finished_scores[row].tolist()
    found = zip(nodes, scores[:n_best], strict=True)
    return [Hypothesis(tree.ids(node), score) for node, score in found if score > -torch.inf]
