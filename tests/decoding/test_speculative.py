"""Speculative sampling: the distribution is that of the network, whatever the proposer guesses."""

import math
from itertools import product

import pytest
import torch

from models.settings import Norm
from pipeline.decoding.blockwise import Guesses, fill_in_blocks
from pipeline.decoding.fill import Blockwise
from pipeline.decoding.sampling import TO_SAMPLE, fill, weights
from pipeline.decoding.speculative import Draft, SampledHeads, Speculation, draw
from pipeline.settings.base import Sampling
from tests.models.networks import PROPOSALS, SHAW, SKEWED, decoder, sequences

DRAWS, OUTPUTS, LENGTH = 100_000, 3, 4
SHAPE = sequences(inputs=4, outputs=OUTPUTS)
SAMPLINGS = [{}, {"temperature": 1.5, "top_p": 0.7}]


def sampling(**changes: float) -> Sampling:
    return Sampling(**({"seed": 1, "temperature": 1.0, "top_k": None, "top_p": 1.0} | changes))


def network(positions=SKEWED):
    model = decoder(positions, norm=Norm.PRE, shape=SHAPE, output=PROPOSALS).float()
    model.head.output_projection.weight.data *= 3.0
    return model


class Fixed:
    """Guesses from the same distribution, whatever came before."""

    def __init__(self, probabilities: list[float], random: torch.Generator) -> None:
        self.probabilities, self.random = torch.tensor(probabilities), random

    def guess(self, hidden, ids, lengths):
        of_rows = self.probabilities.expand(len(ids), 2, OUTPUTS)
        return Guesses(draw(of_rows, self.random), of_rows)

    def reorder(self, rows):
        pass


PROPOSERS = {
    "heads": lambda model, chosen, random: SampledHeads(model, chosen, random),
    "another network": lambda model, chosen, random: Draft(
        network(SHAW), 2, DRAWS, LENGTH, chosen, random
    ),
    "always right": lambda model, chosen, random: Draft(model, 2, DRAWS, LENGTH, chosen, random),
    "always the same": lambda model, chosen, random: Fixed([0.0, 1.0, 0.0], random),
    "uniform": lambda model, chosen, random: Fixed([1 / 3] * 3, random),
}


def expected(model, chosen: Sampling) -> torch.Tensor:
    """The probability (sequence,) of each sequence of three ids, by enumeration."""
    every = torch.tensor(list(product(range(OUTPUTS), repeat=LENGTH - 1)))
    inputs = torch.cat((torch.full((len(every), 1), 3), every[:, :-1]), dim=1)
    with torch.no_grad():
        logits = model.head.next_logits(model(inputs))
    found = weights(logits.flatten(0, 1), chosen)
    found = (found / found.sum(dim=-1, keepdim=True)).view_as(logits)
    return found.gather(-1, every[:, :, None]).double().prod(dim=1)[:, 0]


@pytest.mark.parametrize(
    ("name", "changes"),
    [
        *product(PROPOSERS, SAMPLINGS),
        ("heads", {"temperature": 0.6}),
        ("another network", {"top_k": 2}),
    ],
    ids=str,
)
def test_sequences_follow_the_distribution_of_the_network(name, changes):
    """Chi-square of all 27 sequences, over 100,000 draws; a test in 30,000 fails by chance."""
    model, chosen = network(), sampling(**changes)
    template = torch.full((DRAWS, LENGTH), TO_SAMPLE)
    template[:, 0] = 3
    random = torch.Generator().manual_seed(1)
    proposer = PROPOSERS[name](model, chosen, random)
    found = fill_in_blocks(model, template, proposer, Speculation(chosen, random))
    numbers = (found.ids[:, 1:] * torch.tensor([9, 3, 1])).sum(dim=1)
    counts, probabilities = torch.bincount(numbers, minlength=27), expected(model, chosen)
    possible = probabilities > 0.0
    assert counts[~possible].sum() == 0
    asked = DRAWS * probabilities[possible]
    chi_square = ((counts[possible] - asked) ** 2 / asked).sum()
    freedom = int(possible.sum()) - 1
    assert chi_square < freedom + 4.0 * math.sqrt(2.0 * freedom) + 8.0
    if name == "always right":  # one id, then all that are left
        assert all(sizes == [1, 2] for sizes in found.blocks)


def test_given_ids_stay_and_the_likeliest_are_those_of_greedy_decoding():
    model, greedy = network(), sampling(top_k=1)
    template = torch.full((5, 20), TO_SAMPLE)
    template[:, 0], template[1, 6:9], template[2, -3:] = 3, 1, 2
    for draft in (None, network(SHAW)):
        found = Blockwise(draft)(model, template, sampling())
        assert torch.equal(found[template != TO_SAMPLE], template[template != TO_SAMPLE])
        found = Blockwise(draft)(model, template, greedy)
        assert torch.equal(found, fill(model, template, greedy))


def test_draws_follow_from_the_seed():
    model, template = network(), torch.full((4, 12), TO_SAMPLE)
    template[:, 0] = 3
    one, same, other = (Blockwise()(model, template, sampling(seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same) and not torch.equal(one, other)
