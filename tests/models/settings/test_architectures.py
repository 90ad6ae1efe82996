import json
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

from models.settings import DataShape, Edges, Full, Local1D, ModelSettings, Settings, Structure
from tests.models.architectures import ALL
from tests.models.baselines import (
    CONVS2S,
    GGNN,
    LSTM,
    LSTM_ENCODER,
    LSTM_TRANSLATOR,
    PIXELCNN,
    changed,
)
from tests.models.networks import COLOUR, GRAPH, IMAGE, ROTARY, SINUSOID, TEXT, VOICES

SETTINGS = TypeAdapter(ModelSettings)


@pytest.mark.parametrize(
    ("settings", "change", "message"),
    [
        (LSTM_TRANSLATOR, {"num_layers": 1}, "num_layers = 1, .* choose at least 2"),
        (LSTM_TRANSLATOR, {"d_model": 9}, "d_model = 9 is odd, .* choose an even number"),
        (CONVS2S, {"d_model": 9}, "should be even"),
        (CONVS2S, {"kernel_size": 4}, "should be odd"),
        (CONVS2S, {"kernel_size": 1}, "greater than or equal to 3"),
        (CONVS2S, {"structure": "decoder"}, "structure"),
        (CONVS2S, {"positions": ROTARY}, "Sinusoid"),
        (PIXELCNN, {"first_kernel_size": 2}, "greater than or equal to 3"),
        (PIXELCNN, {"kernel_size": 6}, "should be odd"),
        (PIXELCNN, {"positions": SINUSOID}, "NoPositions"),
        (LSTM, {"architecture": "transformer"}, "lstm"),
        (LSTM, {"positions": SINUSOID}, "NoPositions"),
        (LSTM, {"dropout": 1.0}, "less than 1"),
        (LSTM, {"num_heads": 2}, "Extra inputs are not permitted"),
        (LSTM, {"structure": Structure.ENCODER}, "structure"),
        (LSTM_ENCODER, {"structure": Structure.DECODER}, "structure"),
        (LSTM_ENCODER, {"d_model": 9}, "d_model = 9 is odd, but each direction has half of it"),
        (GGNN, {"towers": 3}, "towers = 3 does not divide d_model = 8; choose a divisor"),
        (GGNN, {"positions": SINUSOID}, "NoPositions"),
        (GGNN, {"readout": {"kind": "set2set"}}, "steps"),
        (GGNN, {"output": {"kind": "laplace"}}, "Extra inputs are not permitted"),
    ],
)
def test_settings_that_make_no_network_are_refused(settings, change, message):
    with pytest.raises(ValidationError, match=message):
        changed(settings, **change)


def test_a_recurrent_language_model_may_have_one_layer_of_odd_width():
    assert changed(LSTM, num_layers=1, d_model=9).d_model == 9


@pytest.mark.parametrize("make", ALL.values(), ids=ALL)
def test_settings_and_shape_survive_json(make):
    model = make()
    assert SETTINGS.validate_json(model.settings.model_dump_json()) == model.settings
    assert DataShape.model_validate_json(model.shape.model_dump_json()) == model.shape


def test_an_unknown_architecture_is_refused():
    content = json.loads(LSTM.model_dump_json()) | {"architecture": "rnn"}
    names = "'transformer', 'lstm', 'gru', 'convs2s', 'pixelcnn', 'row_lstm', 'ggnn'"
    with pytest.raises(ValidationError, match=names):
        SETTINGS.validate_python(content)


def members(union: Any) -> Iterator[type[Settings]]:
    """The classes of a union of settings, and of those inside it."""
    for member in get_args(get_args(union)[0]):
        yield from [member] if isinstance(member, type) else members(member)


def test_no_key_has_a_default_and_every_settings_names_its_positions():
    """But for what tells a layout from another."""
    for settings in members(ModelSettings):
        assert all(field.is_required() for field in settings.model_fields.values())
        assert "positions" in settings.model_fields


def test_only_full_attention_has_a_backend():
    with pytest.raises(ValidationError, match="Extra inputs are not permitted"):
        Local1D(kind="local_1d", query_block=2, memory_block=2, backend="dense")
    with pytest.raises(ValidationError, match="backend"):
        Full(kind="full")


@pytest.mark.parametrize("labels", [[], [0], [1, -1]])
def test_attention_is_along_edges_of_some_label_that_is_no_padding(labels):
    with pytest.raises(ValidationError, match="at least 1 item|greater than 0"):
        Edges(kind="edges", labels=labels)


def test_a_layout_is_told_by_its_kind():
    kinds = [shape.layout.kind for shape in (TEXT, IMAGE, COLOUR, VOICES, GRAPH)]
    assert kinds == ["sequence", "image", "image", "voices", "graph"]
    with pytest.raises(ValidationError, match="channels"):
        layout = {"kind": "image", "height": 4, "width": 6}
        DataShape.model_validate({"inputs": 9, "outputs": 7, "layout": layout})
