from itertools import product

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.settings import Norm
from pipeline.console import Progress
from pipeline.decoding.sampling import TO_SAMPLE, fill, sample
from pipeline.settings.base import Sampling
from tests.models import naive
from tests.models.architectures import AUTOREGRESSIVE, WITH_SOURCE, sequence, source
from tests.models.comparison import all_logits
from tests.models.networks import IMAGE, SKEWED, decoder, sequences

PROBABILITIES = torch.tensor([0.02, 0.4, 0.08, 0.25, 0.15, 0.1])
DRAWS = 40_000


def sampling(**changes: int | float | None) -> Sampling:
    return Sampling(**({"seed": 1, "temperature": 1.0, "top_k": None, "top_p": 1.0} | changes))


def _frequencies(settings: Sampling, logits: torch.Tensor | None = None) -> torch.Tensor:
    logits = PROBABILITIES.log() if logits is None else logits
    drawn = sample(logits.expand(DRAWS, -1), settings, torch.Generator().manual_seed(settings.seed))
    return torch.bincount(drawn, minlength=len(logits)) / DRAWS


def _assert_drawn_from(frequencies: torch.Tensor, expected: torch.Tensor, draws: int = DRAWS):
    """Within four standard deviations of each frequency, and never where it is 0."""
    deviation = (expected * (1 - expected) / draws).sqrt()
    assert torch.all((frequencies - expected).abs() <= 4 * deviation)


def test_draws_follow_the_distribution():
    _assert_drawn_from(_frequencies(sampling()), PROBABILITIES)


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_temperature_is_the_exponent(temperature):
    powered = PROBABILITIES ** (1 / temperature)
    _assert_drawn_from(_frequencies(sampling(temperature=temperature)), powered / powered.sum())


@pytest.mark.parametrize("settings", [sampling(temperature=1e-4), sampling(top_k=1)])
def test_a_cold_draw_and_the_likeliest_one_are_the_argmax(settings):
    logits = torch.randn(200, 9, generator=torch.Generator().manual_seed(0))
    drawn = sample(logits, settings, torch.Generator().manual_seed(1))
    assert torch.equal(drawn, logits.argmax(dim=-1))


@pytest.mark.parametrize(
    ("changes", "kept"),
    [
        ({"top_k": 3}, [1, 3, 4]),
        ({"top_k": 100}, [0, 1, 2, 3, 4, 5]),
        ({"top_p": 0.39}, [1]),
        ({"top_p": 0.41}, [1, 3]),
        ({"top_p": 0.64}, [1, 3]),
        ({"top_p": 0.66}, [1, 3, 4]),
        ({"top_p": 0.99}, [0, 1, 2, 3, 4, 5]),
        ({"top_p": 0.97}, [1, 2, 3, 4, 5]),
        ({"top_p": 1e-6}, [1]),
        ({"top_k": 2, "top_p": 0.66}, [1, 3]),
        ({"top_k": 4, "top_p": 0.41}, [1, 3]),
    ],
)
def test_truncation_keeps_the_fewest_likeliest_and_their_proportions(changes, kept):
    expected = torch.zeros_like(PROBABILITIES)
    expected[kept] = PROBABILITIES[kept] / PROBABILITIES[kept].sum()
    _assert_drawn_from(_frequencies(sampling(**changes)), expected)


def test_rows_are_truncated_each_by_its_own_distribution():
    logits = torch.stack((PROBABILITIES, PROBABILITIES.flip(0))).log()
    random = torch.Generator().manual_seed(1)
    for _ in range(20):
        assert sample(logits, sampling(top_k=1), random).tolist() == [1, 4]


@pytest.mark.parametrize("name", AUTOREGRESSIVE)
@pytest.mark.parametrize("changes", [{}, {"temperature": 0.7, "top_k": 4, "top_p": 0.9}])
def test_the_cache_changes_nothing(name, changes):
    """Two rows for each source, where there is one; some ids are given."""
    model = AUTOREGRESSIVE[name]()
    ids = sequence(model, 4)[:, :25]
    template = torch.full_like(ids, TO_SAMPLE)
    template[:, 0] = ids[:, 0]
    template[1, 4:9] = ids[1, 4:9]
    given = source(model, 2) if name in WITH_SOURCE else None
    found = fill(model, template, sampling(**changes), source=given)
    assert torch.equal(found, naive.fill(model, template, sampling(**changes), given))


@given(data=st.data())
def test_given_ids_stay_and_all_others_are_outputs(data):
    length = data.draw(st.integers(1, 12))
    ids = st.lists(st.integers(-1, IMAGE.outputs - 1), min_size=length, max_size=length)
    rows = data.draw(st.lists(ids, min_size=1, max_size=3))
    template = torch.tensor([[8, *row] for row in rows])
    filled = fill(decoder(SKEWED), template, sampling())
    given = template != TO_SAMPLE
    assert torch.equal(filled[given], template[given])
    assert torch.all((filled[:, 1:] >= 0) & (filled[:, 1:] < IMAGE.outputs))


def test_what_is_given_later_has_no_influence():
    model = decoder(SKEWED)
    template = torch.full((2, 12), TO_SAMPLE)
    template[:, 0] = 8
    later = template.clone()
    later[:, 6:] = 3
    filled, filled_later = fill(model, template, sampling()), fill(model, later, sampling())
    assert torch.equal(filled[:, :6], filled_later[:, :6])


def test_sequences_follow_the_distribution_of_the_model():
    """All 27 sequences of three ids, each as often as the product of its probabilities says."""
    model = decoder(SKEWED, norm=Norm.PRE, shape=sequences(inputs=4, outputs=3)).float()
    draws = 20_000
    template = torch.full((draws, 4), TO_SAMPLE)
    template[:, 0] = 3
    filled = fill(model, template, sampling())
    every_sequence = torch.tensor(list(product(range(3), repeat=3)))
    inputs = torch.cat((torch.full((27, 1), 3), every_sequence[:, :-1]), dim=1)
    with torch.no_grad():
        log_probs = all_logits(model, inputs).log_softmax(dim=-1)
    expected = log_probs.gather(-1, every_sequence[:, :, None]).sum(dim=(1, 2)).exp()
    numbers = (filled[:, 1:] * torch.tensor([9, 3, 1])).sum(dim=1)
    _assert_drawn_from(torch.bincount(numbers, minlength=27) / draws, expected, draws)


def test_draws_follow_from_the_seed():
    template = torch.full((4, 10), TO_SAMPLE)
    template[:, 0] = 8
    model = decoder(SKEWED)
    one, same, other = (fill(model, template, sampling(seed=seed)) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


def test_progress_ends_at_the_last_position(capsys):
    template = torch.full((1, 5), TO_SAMPLE)
    template[:, 0] = 8
    fill(decoder(SKEWED), template, sampling(), Progress("drawing", 4))
    assert "drawing: 4/4" in capsys.readouterr().err


def test_what_is_enough_ends_it_early():
    template = torch.full((2, 10), TO_SAMPLE)
    template[:, 0] = 8
    model = decoder(SKEWED)
    whole = fill(model, template, sampling())
    asked = []

    def enough(filled: torch.Tensor) -> bool:
        asked.append(filled.shape[1])
        return filled.shape[1] == 6

    assert torch.equal(fill(model, template, sampling(), enough=enough), whole[:, :6])
    assert asked == [2, 3, 4, 5, 6]
