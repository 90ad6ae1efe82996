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
    """Ids without begin and end, and log P / length penalty, the end counted in both."""

    ids: list[int]
    score: float


@dataclass
class _Beams:
    """The open and the ended hypotheses of the sentences that are still searched."""

    sentences: Tensor  # (sentence,) which of the sources
    limits: Tensor  # (sentence,) the position at which a hypothesis has to end
    open_ids: Tensor  # (sentence, beam, position)
    open_log_probs: Tensor  # (sentence, beam)
    ended_ids: Tensor  # (sentence, beam, position)
    ended_scores: Tensor  # (sentence, beam), best first; -inf where there is none yet

    def keep(self, sentences: Tensor) -> None:
        """Drop the sentences that are not named."""
        for name, tensor in vars(self).items():
            setattr(self, name, tensor.index_select(0, sentences))


def length_penalty(length: Tensor | int, alpha: float) -> Tensor | float:
    """lp(Y) = (5 + |Y|)^alpha / (5 + 1)^alpha."""
    return ((5.0 + length) / 6.0) ** alpha


@torch.no_grad()
def search(
    model: AutoregressiveModel,
    sources: list[Tensor],
    begin: int,
    end: int,
    beam: Beam,
    extra_length: int,
) -> list[list[Hypothesis]]:
    """The `n_best` hypotheses of each source, best first, in one batch.

    A hypothesis has at most as many ids as its source plus `extra_length`, the end included.
    A sentence is done when no open hypothesis can still beat the ended ones that are wanted.
    """
    device = next(model.parameters()).device
    size, alpha, count = beam.beam_size, beam.length_penalty, beam.n_best
    beams = _start(sources, size, extra_length, device)
    longest = int(beams.limits.max())
    padded = pad([source.numpy() for source in sources], PADDING).to(device)
    state = model.init_state(padded, size, longest)
    last = torch.full((len(sources) * size,), begin, device=device)
    results: list[list[Hypothesis]] = [[] for _ in sources]
    for position in range(longest):
        log_probs = model.step(last, state).log_softmax(dim=-1).unflatten(0, (-1, size))
        at_limit = beams.limits == position + 1
        if at_limit.any():
            _end_at_limit(log_probs, at_limit, end)
        parents = _extend(beams, log_probs, position, end, length_penalty(position + 1, alpha))
        attainable = beams.open_log_probs[:, 0] / length_penalty(beams.limits, alpha)
        done = (beams.ended_scores[:, count - 1] >= attainable) | at_limit
        for row in done.nonzero().squeeze(-1).tolist():
            results[int(beams.sentences[row])] = _hypotheses(beams, row, end)[:count]
        going = (~done).nonzero().squeeze(-1)
        if len(going) == 0:
            break
        rows = (torch.arange(len(done), device=device)[:, None] * size + parents)[going].flatten()
        state.reorder(rows)
        beams.keep(going)
        last = beams.open_ids[:, :, position].flatten()
    return results


def _start(sources: list[Tensor], size: int, extra_length: int, device: torch.device) -> _Beams:
    count = len(sources)
    limits = torch.tensor([len(source) + extra_length for source in sources], device=device)
    ids = torch.zeros(count, size, int(limits.max()), dtype=torch.long, device=device)
    never = torch.full((count, size), -torch.inf, device=device)
    first_alone = never.clone()  # all rows of a sentence are equal at first: extend only one
    first_alone[:, 0] = 0.0
    return _Beams(torch.arange(count, device=device), limits, ids, first_alone, ids.clone(), never)


def _end_at_limit(log_probs: Tensor, at_limit: Tensor, end: int) -> None:
    """Leave only the end to the sentences (sentence,) that are `at_limit`."""
    kept = log_probs[at_limit, :, end].clone()
    log_probs[at_limit] = -torch.inf
    log_probs[at_limit, :, end] = kept


def _extend(beams: _Beams, log_probs: Tensor, position: int, end: int, penalty: float) -> Tensor:
    """Extend all hypotheses by one id, log_probs (sentence, beam, outputs).

    Of the best 2 * beam extensions, those of the first half that end compete with the ended
    hypotheses (so that a beam of one ends where greedy decoding does), and the best others stay
    open. Returns the beam (sentence, beam) that each open hypothesis extends.
    """
    size, outputs = log_probs.shape[1:]
    totals = (beams.open_log_probs[:, :, None] + log_probs).flatten(1)
    best, flat = largest(totals, 2 * size)
    parents, tokens = flat // outputs, flat % outputs
    ids = beams.open_ids.gather(1, parents[:, :, None].expand(-1, -1, beams.open_ids.shape[2]))
    ids[:, :, position] = tokens

    ended_scores = (best / penalty).masked_fill(tokens != end, -torch.inf)[:, :size]
    scores = torch.cat((beams.ended_scores, ended_scores), dim=1)
    beams.ended_scores, chosen = scores.topk(size, dim=1)
    beams.ended_ids = _take(torch.cat((beams.ended_ids, ids[:, :size]), dim=1), chosen)

    still_open = best.masked_fill(tokens == end, -torch.inf)
    beams.open_log_probs, chosen = still_open.topk(size, dim=1)
    beams.open_ids = _take(ids, chosen)
    return parents.gather(1, chosen)


def _take(ids: Tensor, chosen: Tensor) -> Tensor:
    """Rows `chosen` (sentence, beam) of ids (sentence, candidate, position)."""
    return ids.gather(1, chosen[:, :, None].expand(-1, -1, ids.shape[2]))


def _hypotheses(beams: _Beams, row: int, end: int) -> list[Hypothesis]:
    found = []
    for ids, score in zip(
        beams.ended_ids[row].tolist(), beams.ended_scores[row].tolist(), strict=True
    ):
        if score > -torch.inf:
            found.append(Hypothesis(ids[: ids.index(end)], score))
    return found
