import math
from collections import Counter
from itertools import product

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.settings.base import Sampling
from pipeline.tasks.translation.decoding import sample_sequence as module
from pipeline.tasks.translation.decoding.sample_sequence import sample_sequence
from tests.models import naive
from tests.models.baselines import TRANSLATORS, network
from tests.models.networks import SHAW, encoder_decoder, sequences
from tests.tasks.translation.test_beam import BEGIN, END, SHAPE, _greedy, _sources


def sampling(**changes: int | float | None) -> Sampling:
    return Sampling(**({"seed": 1, "temperature": 1.0, "top_k": None, "top_p": 1.0} | changes))


def _sample(model, sources, extra_length=3, **changes):
    return sample_sequence(model, sources, BEGIN, END, sampling(**changes), extra_length)


MODELS = {"transformer": encoder_decoder(SHAW, shape=SHAPE)} | {
    name: network(each, SHAPE) for name, each in TRANSLATORS.items()
}


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
@pytest.mark.parametrize("changes", [{}, {"temperature": 0.7, "top_k": 3, "top_p": 0.9}])
def test_a_source_is_drawn_alike_alone_and_in_any_batch_with_its_log_prob(model, changes):
    sources = _sources(seed=2)
    together = _sample(model, sources, **changes)
    for source, found in zip(sources, together, strict=True):
        (alone,) = _sample(model, [source], **changes)
        assert found.ids == alone.ids
        log_prob = naive.log_prob(model, source, BEGIN, [*found.ids, END])
        assert [found.score, alone.score] == pytest.approx([log_prob, log_prob])
    backwards = _sample(model, sources[::-1], **changes)[::-1]
    assert [each.ids for each in backwards] == [each.ids for each in together]


@pytest.mark.parametrize("changes", [{"temperature": 1e-4}, {"top_k": 1}, {"top_p": 1e-6}])
@pytest.mark.parametrize("seed", range(3))
def test_a_draw_of_the_likeliest_is_greedy(seed, changes):
    model, sources = encoder_decoder(seed=seed), _sources(seed)
    for source, found in zip(sources, _sample(model, sources, **changes), strict=True):
        assert found.ids == _greedy(model, source, len(source) + 3)


@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 1000), extra_length=st.integers(0, 6))
def test_no_translation_is_longer_than_its_limit_or_holds_an_end(seed, extra_length):
    sources = _sources(seed)
    found = _sample(MODELS["transformer"], sources, extra_length, seed=seed, temperature=4.0)
    for source, each in zip(sources, found, strict=True):
        assert len(each.ids) + 1 <= len(source) + extra_length
        assert END not in each.ids


def test_translations_follow_the_distribution_of_the_model(monkeypatch):
    """With 3 ids beside the end and at most 3 positions, each of 1 + 3 + 9 as often as its P."""
    model = encoder_decoder(SHAW, shape=sequences(inputs=4, outputs=4))
    source, draws = torch.tensor([1, END]), 4000
    uniform = np.random.default_rng(1).random((draws, 3))
    monkeypatch.setattr(module, "_uniform", lambda *_: uniform)  # or all would be the same
    found = Counter(tuple(each.ids) for each in _sample(model, [source] * draws, extra_length=1))
    every_sequence = [ids for length in range(3) for ids in product(range(3), repeat=length)]
    assert set(found) <= set(every_sequence)
    for ids in every_sequence:
        # at the limit the end is certain
        given = [*ids, END] if len(ids) < 2 else list(ids)
        probability = math.exp(naive.log_prob(model, source, BEGIN, given))
        deviation = (probability * (1 - probability) / draws) ** 0.5
        assert abs(found[ids] / draws - probability) <= 4 * deviation


def test_draws_follow_from_the_seed():
    sources = _sources(seed=3)
    one, same, other = (
        [each.ids for each in _sample(MODELS["transformer"], sources, seed=seed)]
        for seed in (1, 1, 2)
    )
    assert one == same
    assert one != other
