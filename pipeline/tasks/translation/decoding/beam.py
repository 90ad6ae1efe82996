"""Beam search with the length penalty of GNMT (Wu et al. 2016, eq. 14)."""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.shared.base import PADDING, AutoregressiveModel
from pipeline.tasks.translation.decoding.largest import largest
from pipeline.tasks.translation.settings import Beam
from pipeline.training.batches import pad


@dataclass(frozen=True)
class Hypothesis:
    """A finished translation."""

    ids: list[int]  # without BOS and EOS
    score: float  # log P / length penalty, EOS included in both


@dataclass
class _Beams:
    """The alive and the finished hypotheses of the sentences that are still being searched."""

    sentences: Tensor  # (sentence,) indexes of the sources
    limits: Tensor  # (sentence,) the last position of a hypothesis, EOS included
    alive_ids: Tensor  # (sentence, beam, position)
    alive_log_probs: Tensor  # (sentence, beam)
    finished_ids: Tensor  # (sentence, beam, position)
    finished_scores: Tensor  # (sentence, beam), best first; -inf if there is none yet

    def keep(self, sentences: Tensor) -> None:
        """Keep only the rows `sentences` of all tensors."""
        for name, tensor in vars(self).items():
            setattr(self, name, tensor.index_select(0, sentences))


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
    beams = _start(sources, size, extra_length, device)
    max_length = int(beams.limits.max())
    padded = pad([source.numpy() for source in sources], PADDING).to(device)
    state = model.init_state(padded, size, max_length)
    last = torch.full((len(sources) * size,), bos, device=device)
    results: list[list[Hypothesis]] = [[] for _ in sources]
    for position in range(max_length):
        log_probs = model.step(last, state).log_softmax(dim=-1).unflatten(0, (-1, size))
        at_limit = beams.limits == position + 1
        if at_limit.any():
            _force_eos(log_probs, at_limit, eos)
        parents = _extend(beams, log_probs, position, eos, length_penalty(position + 1, alpha))
        attainable = beams.alive_log_probs[:, 0] / length_penalty(beams.limits, alpha)
        done = (beams.finished_scores[:, n_best - 1] >= attainable) | at_limit
        for row in done.nonzero().squeeze(-1).tolist():
            results[int(beams.sentences[row])] = _hypotheses(beams, row, eos)[:n_best]
        active = (~done).nonzero().squeeze(-1)
        if len(active) == 0:
            break
        rows = (torch.arange(len(done), device=device)[:, None] * size + parents)[active].flatten()
        state.reorder(rows)
        beams.keep(active)
        last = beams.alive_ids[:, :, position].flatten()
    return results


def _start(sources: list[Tensor], size: int, extra_length: int, device: torch.device) -> _Beams:
    count = len(sources)
    limits = torch.tensor([len(source) + extra_length for source in sources], device=device)
    ids = torch.zeros(count, size, int(limits.max()), dtype=torch.long, device=device)
    no_scores = torch.full((count, size), -torch.inf, device=device)
    log_probs = no_scores.clone()  # all rows of a sentence start equal: extend only the first
    log_probs[:, 0] = 0.0
    return _Beams(
        torch.arange(count, device=device), limits, ids, log_probs, ids.clone(), no_scores
    )


def _force_eos(log_probs: Tensor, at_limit: Tensor, eos: int) -> None:
    """Mask all outputs but EOS in log_probs (sentence, beam, output) where at_limit (sentence,)."""
    of_eos = log_probs[at_limit, :, eos].clone()
    log_probs[at_limit] = -torch.inf
    log_probs[at_limit, :, eos] = of_eos


def _extend(beams: _Beams, log_probs: Tensor, position: int, eos: int, penalty: float) -> Tensor:
    """Extend all alive hypotheses by one id, given log_probs (sentence, beam, output).

    Of the best 2 * beam extensions, those in the first half that end in EOS compete with the
    finished hypotheses (so that a beam of one stops where greedy decoding does); the best others
    stay alive. Returns the parent beam (sentence, beam) of each alive hypothesis.
    """
    size, outputs = log_probs.shape[1:]
    totals = (beams.alive_log_probs[:, :, None] + log_probs).flatten(1)
    best, flat = largest(totals, 2 * size)
    parents, tokens = flat // outputs, flat % outputs
    ids = beams.alive_ids.gather(1, parents[:, :, None].expand(-1, -1, beams.alive_ids.shape[2]))
    ids[:, :, position] = tokens

    finished_scores = (best / penalty).masked_fill(tokens != eos, -torch.inf)[:, :size]
    scores = torch.cat((beams.finished_scores, finished_scores), dim=1)
    beams.finished_scores, chosen = scores.topk(size, dim=1)
    beams.finished_ids = _take(torch.cat((beams.finished_ids, ids[:, :size]), dim=1), chosen)

    unfinished = best.masked_fill(tokens == eos, -torch.inf)
    beams.alive_log_probs, chosen = unfinished.topk(size, dim=1)
    beams.alive_ids = _take(ids, chosen)
    return parents.gather(1, chosen)


def _take(ids: Tensor, chosen: Tensor) -> Tensor:
    """Gather the rows `chosen` (sentence, beam) of ids (sentence, candidate, position)."""
    return ids.gather(1, chosen[:, :, None].expand(-1, -1, ids.shape[2]))


def _hypotheses(beams: _Beams, row: int, eos: int) -> list[Hypothesis]:
    hypotheses = []
    for ids, score in zip(
        beams.finished_ids[row].tolist(), beams.finished_scores[row].tolist(), strict=True
    ):
        if score > -torch.inf:
            hypotheses.append(Hypothesis(ids[: ids.index(eos)], score))
    return hypotheses
