import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from models.pitch_time import RelativePitchTime
from torch.testing import assert_close

from models.settings import RelativePitchTime as PitchTimeSettings
from tests.models import naive
from tests.models.networks import PITCH_TIME, VOICES


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    random = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, dtype=torch.float64, generator=random)


def _scheme(max_distance: int, max_time: int, max_pitch: int, voices: int) -> RelativePitchTime:
    distances = PitchTimeSettings(
        kind="relative_pitch_time",
        max_distance=max_distance,
        max_time_distance=max_time,
        max_pitch_distance=max_pitch,
    )
    scheme = RelativePitchTime(2, 3, distances, VOICES.model_copy(update={"voices": voices}))
    for seed, parameter in enumerate(scheme.double().parameters(), start=50):
        parameter.data = _random(*parameter.shape, seed=seed)
    return scheme


most = st.integers(1, 6)


@settings(max_examples=25)
@given(
    max_distance=most,
    max_time=most,
    max_pitch=most,
    voices=st.integers(1, 4),
    length=st.integers(1, 9),
    seed=st.integers(0, 1000),
)
def test_the_terms_of_pitch_and_time_equal_the_loop_over_pairs(
    max_distance, max_time, max_pitch, voices, length, seed
):
    scheme = _scheme(max_distance, max_time, max_pitch, voices)
    query = _random(2, 2, length, 3, seed=seed).requires_grad_()
    random = torch.Generator().manual_seed(seed)
    tokens = torch.randint(0, VOICES.inputs, (2, length), generator=random)
    fast = scheme.of(tokens).logits(query, 0, length).tril()
    tables = scheme.distances.embeddings, scheme.times, scheme.intervals
    slow = naive.pitch_time_logits(query, tokens, *tables, voices, VOICES.pitches)
    assert_close(fast, slow, atol=1e-10, rtol=1e-10)
    upstream, inputs = _random(*fast.shape, seed=9), (query, *tables)
    assert_close(
        torch.autograd.grad(fast, inputs, upstream),
        torch.autograd.grad(slow, inputs, upstream),
        atol=1e-10,
        rtol=1e-10,
    )


def _labels(tokens: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """The last query's labels of time and of interval for each key: label n adds n to its logit."""
    scheme = RelativePitchTime(1, 1, PITCH_TIME, VOICES)
    for parameter in scheme.parameters():
        parameter.data.zero_()
    found = []
    for parameter in (scheme.times, scheme.intervals):
        parameter.data = torch.arange(float(parameter.shape[1]))[None, :, None]
        terms = scheme.of(torch.tensor([tokens]))
        found.append(terms.logits(torch.ones(1, 1, 1, 1), len(tokens) - 1, len(tokens))[0, 0, 0])
        parameter.data.zero_()
    return tuple(found)


def test_the_three_voices_of_a_step_stand_at_one_time_and_the_start_before_them():
    times, _ = _labels([8, 0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4])
    assert times.tolist() == [3, 3, 3, 3, 3, 3, 3, 2, 2, 2, 1, 1, 1, 0, 0]  # 3 is the largest


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        (3, [5, 4, 3, 2, 1, 0, 5, 5, 2]),  # 3 semitones share the vector of 2, either way
        (6, [5] * 9),  # silence has no interval, not even to itself
    ],
)
def test_intervals_are_semitones_and_silence_and_start_have_none(last, expected):
    _, intervals = _labels([8, 1, 2, 3, 4, 5, 6, 7, last])
    assert intervals.tolist() == expected


def test_one_query_has_the_last_row_of_all_queries():
    scheme, query, tokens = (
        _scheme(3, 2, 2, 3),
        _random(2, 2, 9, 3),
        torch.arange(18).view(2, 9) % 9,
    )
    terms = scheme.of(tokens)
    assert_close(terms.logits(query[:, :, -1:], 8, 9), terms.logits(query, 0, 9)[:, :, -1:])
    assert_close(
        terms.logits(query[:, :, 3:6], 3, 6).tril(3),
        terms.logits(query, 0, 9)[:, :, 3:6, :6].tril(3),
    )
    assert terms.output(torch.ones(2, 2, 9, 9), 0) == 0.0
