import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.testing import assert_close

from models.positions.relative_pitch_time import RelativePitchTime
from tests.models import naive
from tests.models.comparison import assert_same_values_and_gradients, ids, random_tensor
from tests.models.networks import VOICES, voices
from tests.models.schemes import pitch_time

PITCHES = VOICES.layout.pitches


def _scheme(max_distance: int, max_time: int, max_pitch: int, count: int) -> RelativePitchTime:
    shape = voices(count, PITCHES)
    return pitch_time(max_distance, max_time, max_pitch, shape, heads=2, d_head=3)


most = st.integers(1, 6)


@settings(max_examples=25)
@given(
    max_distance=most,
    max_time=most,
    max_pitch=most,
    count=st.integers(1, 4),
    length=st.integers(1, 9),
    seed=st.integers(0, 1000),
)
def test_the_logits_of_pitch_and_time_equal_the_loop_over_pairs(
    max_distance, max_time, max_pitch, count, length, seed
):
    scheme = _scheme(max_distance, max_time, max_pitch, count)
    query = random_tensor(2, 2, length, 3, seed=seed).requires_grad_()
    tokens = ids(0, VOICES.inputs, 2, length, seed=seed)
    fast = scheme.logits(query, 0, length, tokens).tril()
    tables = [scheme.distances, scheme.times, scheme.intervals]
    slow = naive.pitch_time_logits(query, tokens, *tables, count, PITCHES)
    assert_same_values_and_gradients(fast, slow, [query, *tables])


def _labels(tokens: list[int]) -> tuple[torch.Tensor, torch.Tensor]:
    """The last query's labels of time and of interval for each key: label n adds n to its logit."""
    scheme = pitch_time(5, 3, 2, VOICES, heads=1, d_head=1).float()
    for parameter in scheme.parameters():
        parameter.data.zero_()
    found = []
    for parameter in (scheme.times, scheme.intervals):
        parameter.data = torch.arange(float(parameter.shape[1]))[None, :, None]
        query, last = torch.ones(1, 1, 1, 1), len(tokens) - 1
        found.append(scheme.logits(query, last, len(tokens), torch.tensor([tokens]))[0, 0, 0])
        parameter.data.zero_()
    return tuple(found)


def test_the_three_voices_of_a_step_are_at_one_time_and_the_start_before_them():
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


def test_a_block_of_queries_has_its_rows_of_all():
    scheme, query = _scheme(3, 2, 2, 3), random_tensor(2, 2, 9, 3)
    tokens = torch.arange(18).view(2, 9) % 9
    everything = scheme.logits(query, 0, 9, tokens)
    assert_close(scheme.logits(query[:, :, -1:], 8, 9, tokens), everything[:, :, -1:])
    rows = scheme.logits(query[:, :, 3:6], 3, 6, tokens)
    assert_close(rows.tril(3), everything[:, :, 3:6, :6].tril(3))
    assert scheme.values(torch.ones(2, 2, 9, 9), 0, None) == 0.0


def test_it_asks_for_the_ids_of_the_sequence():
    assert _scheme(3, 2, 2, 3).uses_ids and not _scheme(3, 2, 2, 3).rotates_only
