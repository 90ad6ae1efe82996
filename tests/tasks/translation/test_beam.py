import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.tasks.translation.decoding.beam import length_penalty, search
from pipeline.tasks.translation.settings import Beam
from tests.models import naive
from tests.models.baselines import TRANSLATORS, network
from tests.models.comparison import all_logits
from tests.models.networks import SHAW, encoder_decoder, sequences

BEGIN, END = 2, 3
SHAPE = sequences(inputs=5, outputs=5)


def beam(**changes: int | float) -> Beam:
    """A beam search that finds as many hypotheses as its beam is wide."""
    settings = {"beam_size": 4, "length_penalty": 0.6} | changes
    return Beam(**({"kind": "beam", "n_best": settings["beam_size"]} | settings))


def _sources(seed: int, count: int = 5) -> list[torch.Tensor]:
    random = torch.Generator().manual_seed(seed)
    lengths = torch.randint(1, 6, (count,), generator=random).tolist()
    words = [torch.randint(1, SHAPE.inputs, (length,), generator=random) for length in lengths]
    return [torch.cat((word, torch.tensor([END]))) for word in words]


def _search(model, sources, extra_length=3, **changes):
    return search(model, sources, BEGIN, END, beam(**changes), extra_length)


def test_the_length_penalty_is_equation_14():
    assert length_penalty(1, 0.6) == 1.0
    assert length_penalty(7, 1.0) == 2.0
    assert length_penalty(7, 0.6) == pytest.approx((5 + 7) ** 0.6 / (5 + 1) ** 0.6)
    assert length_penalty(70, 0.0) == 1.0


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5])
def test_a_beam_as_wide_as_the_tree_finds_every_sequence_in_order(seed, alpha):
    """With 3 ids beside the end and at most 4 positions there are 1 + 3 + 9 + 27 sequences."""
    shape = sequences(inputs=4, outputs=4)
    model = encoder_decoder(SHAW, shape=shape, seed=seed)
    source = torch.tensor([1, END])
    limit = 4
    (found,) = _search(model, [source], extra_length=2, beam_size=40, length_penalty=alpha)
    expected = naive.best_translations(model, source, BEGIN, END, limit, alpha)
    assert len(expected) == 1 + 3 + 9 + 27
    assert [hypothesis.ids for hypothesis in found] == [ids for _, ids in expected]
    assert [hypothesis.score for hypothesis in found] == pytest.approx(
        [score for score, _ in expected]
    )


@pytest.mark.parametrize("seed", range(6))
def test_a_beam_of_one_without_length_penalty_is_greedy(seed):
    model = encoder_decoder(seed=seed)
    sources = _sources(seed)
    found = _search(model, sources, beam_size=1, length_penalty=0.0)
    for source, (best,) in zip(sources, found, strict=True):
        ids = _greedy(model, source, len(source) + 3)
        assert best.ids == ids
        assert best.score == pytest.approx(naive.log_prob(model, source, BEGIN, [*ids, END]))


def _greedy(model, source, limit) -> list[int]:
    ids: list[int] = []
    while len(ids) < limit - 1:
        logits = all_logits(model, torch.tensor([[BEGIN, *ids]]), source[None])[0, -1]
        token = int(logits.argmax())
        if token == END:
            break
        ids.append(token)
    return ids


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 1000),
    beam_size=st.integers(1, 5),
    alpha=st.sampled_from([0.0, 0.6, 1.0]),
    extra_length=st.integers(0, 6),
)
def test_hypotheses_are_scored_ordered_limited_and_distinct(seed, beam_size, alpha, extra_length):
    model = encoder_decoder(shape=SHAPE, seed=seed % 7)
    sources = _sources(seed)
    changes = {"beam_size": beam_size, "length_penalty": alpha, "extra_length": extra_length}
    for source, hypotheses in zip(sources, _search(model, sources, **changes), strict=True):
        assert 1 <= len(hypotheses) <= beam_size
        scores = [hypothesis.score for hypothesis in hypotheses]
        assert scores == sorted(scores, reverse=True)
        assert len({tuple(hypothesis.ids) for hypothesis in hypotheses}) == len(hypotheses)
        for hypothesis in hypotheses:
            length = len(hypothesis.ids) + 1
            assert length <= len(source) + extra_length
            assert END not in hypothesis.ids
            inputs = torch.tensor([[BEGIN, *hypothesis.ids]])
            targets = torch.tensor([[*hypothesis.ids, END]])
            log_prob = -model.nats(inputs, targets, source[None]).sum().item()
            penalty = ((5 + length) / 6) ** alpha
            assert hypothesis.score == pytest.approx(log_prob / penalty)


def _assert_each_is_searched_as_if_alone(model, seed, beam_size):
    sources = _sources(seed)
    together = _search(model, sources, beam_size=beam_size)
    for source, hypotheses in zip(sources, together, strict=True):
        (alone,) = _search(model, [source], beam_size=beam_size)
        assert [each.ids for each in hypotheses] == [each.ids for each in alone]
        assert [each.score for each in hypotheses] == pytest.approx([each.score for each in alone])


@settings(deadline=None, max_examples=15)
@given(seed=st.integers(0, 1000), beam_size=st.integers(1, 4))
def test_sentences_searched_together_are_searched_as_if_alone(seed, beam_size):
    model = encoder_decoder(SHAW, shape=SHAPE, seed=seed % 7)
    _assert_each_is_searched_as_if_alone(model, seed, beam_size)


@pytest.mark.parametrize("baseline", TRANSLATORS.values(), ids=TRANSLATORS)
@pytest.mark.parametrize("seed", range(3))
def test_a_baseline_searches_as_the_transformer_does(baseline, seed):
    model = network(baseline, SHAPE, seed)
    _assert_each_is_searched_as_if_alone(model, seed, beam_size=3)
    source = _sources(seed)[0]
    ((best, *_),) = _search(model, [source], beam_size=3)
    score = naive.log_prob(model, source, BEGIN, [*best.ids, END])
    assert best.score == pytest.approx(score / ((6 + len(best.ids)) / 6) ** 0.6)


@settings(deadline=None, max_examples=15)
@given(
    seed=st.integers(0, 1000),
    beam_size=st.integers(2, 5),
    alpha=st.sampled_from([0.0, 0.6, 3.0]),
    wanted=st.integers(1, 2),
)
def test_the_wanted_hypotheses_are_the_first_of_all(seed, beam_size, alpha, wanted):
    """A search that stops sooner finds the same, also where long ones are the best."""
    model = encoder_decoder(shape=SHAPE, seed=seed % 7)
    sources = _sources(seed)
    changes = {"beam_size": beam_size, "length_penalty": alpha, "extra_length": 6}
    all_of_them = _search(model, sources, **changes)
    first = _search(model, sources, **changes, n_best=wanted)
    for some, every in zip(first, all_of_them, strict=True):
        assert [each.ids for each in some] == [each.ids for each in every[:wanted]]
        assert [each.score for each in some] == pytest.approx(
            [each.score for each in every[:wanted]]
        )
