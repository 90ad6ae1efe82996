"""What the schemes of attention have in common, and how a scheme is found."""

from typing import get_args

import pytest
import torch
from torch import nn
from torch.overrides import TorchFunctionMode
from torch.testing import assert_close

from models.positions.labelled_edges import LabelledEdges
from models.positions.shaw_relative import ShawRelative
from models.settings import Backend, Local1D, Positions, SequenceLayout, ShawParts
from models.shared.positions import (
    AttentionPositions,
    InputPositions,
    Site,
    attention_positions,
    input_positions,
    scheme,
)
from models.transformer.patterns import Full, Heads, Local
from tests.models.comparison import random_tensor
from tests.models.networks import (
    ALIBI,
    CONCATENATED,
    EDGES,
    GRAPH,
    LABELLED,
    LEARNED,
    NONE,
    PITCH_TIME,
    ROTARY,
    SHAW,
    SINUSOID,
    SINUSOID_2D,
    SKEWED,
    VOICES,
)
from tests.models.schemes import labelled_edges, pitch_time, shaw, skewed
from tests.models.schemes import scheme as scheme_of

SETTINGS = get_args(get_args(Positions)[0])
OF_THE_INPUT = [NONE, SINUSOID, SINUSOID_2D, LEARNED, CONCATENATED, LABELLED]
OF_ATTENTION = [SHAW, SKEWED, PITCH_TIME, ROTARY, ALIBI, EDGES]


@pytest.mark.parametrize("settings", SETTINGS, ids=lambda each: each.__name__)
def test_every_scheme_is_the_class_of_the_name_of_its_settings(settings):
    (kind,) = get_args(settings.model_fields["kind"].annotation)
    found = scheme(settings.model_construct(kind=kind))
    assert (found.__module__, found.__name__) == (f"models.positions.{kind}", settings.__name__)
    assert issubclass(found, InputPositions) != issubclass(found, AttentionPositions)


def test_a_scheme_is_of_the_input_or_of_attention():
    for settings in OF_THE_INPUT:
        site = Site(8, 2, VOICES.layout)
        assert isinstance(input_positions(settings, site), InputPositions)
        assert attention_positions(settings, site) is None
    for settings in OF_ATTENTION:
        site = Site(8, 2, GRAPH.layout if settings is EDGES else VOICES.layout)
        assert isinstance(attention_positions(settings, site), AttentionPositions)
        assert input_positions(settings, site) is None
    assert {type(each) for each in OF_THE_INPUT + OF_ATTENTION} == set(SETTINGS)


RELATIVE = {
    "skewed": skewed(3, causal=True),
    "skewed both ways": skewed(3, causal=False),
    "shaw": shaw(3, ShawParts.KEYS_AND_VALUES),
    "alibi": scheme_of(ALIBI, heads=3, d_head=4, causal=True),
}
every_relative = pytest.mark.parametrize("positions", RELATIVE.values(), ids=RELATIVE)


@every_relative
@pytest.mark.parametrize("length", [1, 3, 9])
def test_one_query_has_the_last_row_of_all_queries(positions, length):
    query = random_tensor(2, 3, length, 4)
    weights = random_tensor(2, 3, length, length, seed=1).tril()
    last = positions.logits(query[:, :, -1:], length - 1, length, None)
    assert_close(last, positions.logits(query, 0, length, None)[..., -1:, :])
    last_values = positions.values(weights[:, :, -1:], length - 1, None)
    all_values = positions.values(weights, 0, None)
    if isinstance(positions, ShawRelative):
        assert_close(last_values, all_values[:, :, -1:])
    else:
        assert last_values == all_values == 0.0


@every_relative
def test_logits_depend_on_the_distance_alone(positions):
    query = random_tensor(2, 3, 1, 4)
    late = positions.logits(query, first=9, keys=10, ids=None)
    early = positions.logits(query, first=3, keys=4, ids=None)
    assert_close(late[..., -4:], early)


@every_relative
def test_queries_and_keys_are_not_turned(positions):
    heads = random_tensor(2, 3, 5, 4)
    assert positions.rotate(heads, 2) is heads
    assert not positions.rotates_only and not positions.uses_ids


class Largest(TorchFunctionMode):
    """The number of elements of the largest tensor that any function returns."""

    elements = 0

    def __torch_function__(self, function, types, args=(), kwargs=None):
        result = function(*args, **(kwargs or {}))
        if isinstance(result, torch.Tensor):
            self.elements = max(self.elements, result.numel())
        return result


LENGTH, WIDTH = 64, 32  # of a sequence, and of a head
LARGEST: dict[str, tuple[nn.Module, bool]] = {
    "skewed": (skewed(16, True, 2, WIDTH), True),
    "skewed both ways": (skewed(16, False, 2, WIDTH), False),
    "shaw": (shaw(16, ShawParts.KEYS_AND_VALUES, 2, WIDTH), False),
    "rotary": (scheme_of(ROTARY, 2, WIDTH, True), True),
    "alibi": (scheme_of(ALIBI, 2, WIDTH, True), True),
    "pitch_time": (pitch_time(5, 3, 2, VOICES, 2, WIDTH), True),
    "labelled_edges": (labelled_edges(16, 2, WIDTH), False),
}


@pytest.mark.parametrize(("positions", "causal"), LARGEST.values(), ids=LARGEST)
def test_no_tensor_of_queries_keys_and_widths_exists(positions, causal):
    heads = Heads(
        *(random_tensor(1, 2, LENGTH, WIDTH) for _ in range(3)),
        ids=torch.ones(1, *[LENGTH] * (2 if isinstance(positions, LabelledEdges) else 1)).long(),
    )
    with Largest() as largest:
        Full(Backend.DENSE, causal).attention(heads, positions, 0.0)
    assert largest.elements <= 2 * LENGTH * 2 * LENGTH  # each distance once, in both directions


def test_no_tensor_of_queries_keys_and_widths_exists_with_local_attention():
    local = Local1D(kind="local_1d", query_block=8, memory_block=8)
    heads = Heads(*(random_tensor(1, 2, LENGTH, WIDTH) for _ in range(3)))
    with Largest() as largest:
        positions = skewed(16, True, 2, WIDTH)
        Local(local, SequenceLayout()).attention(heads, positions, 0.0)
    assert largest.elements <= 2 * LENGTH // 8 * 17 * WIDTH  # the keys of all blocks
