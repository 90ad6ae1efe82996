"""Blockwise decoding gives what greedy decoding gives, whatever is proposed."""

import pytest
import torch

from models.settings import Embeddings, Structure
from models.shared.base import BlockwiseModel
from pipeline.blocks import Agreement
from pipeline.decoding.blockwise import Guesses, Heads, fill_in_blocks
from pipeline.decoding.exactness import agreements
from pipeline.decoding.fill import Blockwise
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.settings.base import Sampling
from pipeline.tasks.translation.decoding.beam import search
from pipeline.tasks.translation.decoding.chosen import beam
from pipeline.tasks.translation.decoding.parallel import search_in_blocks
from tests.models.comparison import ids
from tests.models.networks import (
    ALIBI,
    FULL,
    IMAGE,
    LEARNED,
    LOCAL_1D,
    LOCAL_2D,
    PITCH_TIME,
    PROPOSALS,
    ROTARY,
    SHAW,
    SINUSOID_2D,
    SKEWED,
    TEXT,
    decoder,
    encoder_decoder,
)

GREEDY = Sampling(seed=1, temperature=1.0, top_k=1, top_p=1.0)
ROWS, LENGTH = 4, 24
NETWORKS = [
    *((positions, FULL) for positions in (SKEWED, SHAW, ROTARY, ALIBI, LEARNED, PITCH_TIME)),
    *((positions, LOCAL_1D) for positions in (SKEWED, SHAW, ROTARY)),
    (SINUSOID_2D, LOCAL_2D),
]


def network(positions=SKEWED, attention=FULL) -> BlockwiseModel:
    return decoder(positions, attention, output=PROPOSALS)


def template() -> torch.Tensor:
    """Rows of which one has an opening, and another ids that are given further on."""
    found = torch.full((ROWS, LENGTH), TO_SAMPLE)
    found[:, 0] = 8
    found[1, 1:9] = ids(0, IMAGE.outputs, 8)
    found[2, 5:7] = found[2, 12:20] = found[2, -1] = 3
    return found


@pytest.mark.parametrize(("positions", "attention"), NETWORKS)
def test_the_ids_are_those_of_one_at_a_time(positions, attention):
    model, blocks = network(positions, attention), Blockwise(compares=True)
    found = blocks(model, template(), GREEDY)
    assert torch.equal(found, fill(model, template(), GREEDY))
    assert blocks.blocks.agreements == [Agreement.IDENTICAL] * ROWS
    missing = (template() == TO_SAMPLE).sum(dim=1).tolist()
    assert [sum(sizes) for sizes in blocks.blocks.sizes] == missing
    assert max(map(max, blocks.blocks.sizes)) <= PROPOSALS.proposals


def test_images_are_enlarged_as_one_intensity_at_a_time():
    options = {"embeddings": Embeddings.SEPARATE, "super_resolution": 2, "output": PROPOSALS}
    model = encoder_decoder(SINUSOID_2D, shape=IMAGE, attention=LOCAL_2D, **options)
    source = ids(1, IMAGE.inputs, 2, LENGTH // 4)
    found = Blockwise()(model, template(), GREEDY, source=source)
    assert torch.equal(found, fill(model, template(), GREEDY, source=source))


class Oracle:
    """Guesses what it knows to be right, or what cannot be."""

    def __init__(self, right: torch.Tensor, count: int, is_wrong: bool) -> None:
        self.right = torch.nn.functional.pad(right, (0, count))
        self.count, self.is_wrong = count, is_wrong

    def guess(self, hidden, ids, lengths):
        at = lengths[:, None] + torch.arange(self.count)
        right = self.right.gather(1, at)
        return Guesses((right + 1) % IMAGE.outputs if self.is_wrong else right)

    def reorder(self, rows):
        self.right = self.right[rows]


@pytest.mark.parametrize("is_wrong", [False, True])
def test_right_guesses_are_kept_and_wrong_ones_are_not(is_wrong):
    model = network()
    expected = fill(model, template(), GREEDY)
    found = fill_in_blocks(model, template(), Oracle(expected, 4, is_wrong))
    assert torch.equal(found.ids, expected)
    full = [1, *[5] * 4, 2]  # the first pass has no guesses; 23 ids
    assert found.blocks[0] == ([1] * 23 if is_wrong else full)


def test_the_score_is_the_sum_of_the_log_probabilities():
    model = network()
    found = fill_in_blocks(model, template(), Heads(model.head))
    with torch.no_grad():
        log_probs = model.head.next_logits(model(found.ids[:, :-1])).log_softmax(dim=-1)
    expected = log_probs.gather(-1, found.ids[:, 1:, None]).sum(dim=(1, 2))
    torch.testing.assert_close(found.log_probs, expected)


def test_what_is_enough_ends_it_early():
    def enough(filled: torch.Tensor) -> bool:
        return filled.shape[1] >= 9

    model = network()
    found = Blockwise()(model, template(), GREEDY, enough=enough)
    assert 9 <= found.shape[1] < 9 + PROPOSALS.proposals
    assert torch.equal(found, fill(model, template(), GREEDY)[:, : found.shape[1]])


@pytest.mark.parametrize("extra_length", [0, 3, 20])
@pytest.mark.parametrize("seed", range(3))
def test_translations_are_those_of_greedy_search(extra_length, seed):
    """Some end by themselves, others at their limit; all have the score of the search."""
    model = encoder_decoder(SHAW, seed=seed, output=PROPOSALS)
    sources = [ids(1, TEXT.inputs, 3 + index, seed=index) for index in range(6)]
    greedy = search(model, sources, 2, 3, beam(1, 0.0), extra_length)
    found = search_in_blocks(model, sources, 2, 3, extra_length)
    assert [best.ids for best in found] == [best.ids for (best,) in greedy]
    scores = [torch.tensor([best.score for best in each]) for each in (found, sum(greedy, []))]
    torch.testing.assert_close(*scores)
    for source, best in zip(sources, found, strict=True):
        is_forced = len(best.ids) + 1 == len(source) + extra_length
        assert sum(best.blocks) == len(best.ids) + (not is_forced)


def test_sequences_that_part_are_told_from_ties():
    model = decoder(SKEWED)
    right = fill(model, template(), GREEDY)
    wrong = right.clone()
    wrong[0, 7] = (right[0, 7] + 1) % IMAGE.outputs
    found = agreements(model, wrong.tolist(), right.tolist())
    assert found == [Agreement.DIFFERENT, *[Agreement.IDENTICAL] * (ROWS - 1)]
    torch.nn.init.zeros_(model.head.output_projection.weight)
    torch.nn.init.zeros_(model.head.output_projection.bias)
    assert agreements(model, wrong.tolist(), right.tolist())[0] is Agreement.TIE


def test_a_mixture_of_logistics_is_not_decoded_in_blocks():
    from tests.models.networks import pixel_decoder

    with pytest.raises(NotImplementedError):
        pixel_decoder().init_rows(None, 1, 4)
    assert pixel_decoder().settings.structure is Structure.DECODER
