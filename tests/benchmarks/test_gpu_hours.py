from pathlib import Path

import pytest

from benchmarks.gpu_hours import Update, hours, update_of
from benchmarks.sampling import decoder
from benchmarks.shapes import shape_of
from models.settings import Backend, DataShape, Full, Local1D, SequenceLayout, Sinusoid
from models.shared import heads
from pipeline import config

PAPER = config.load(Path(__file__).parents[2] / "paper/params.yaml")
D, FF, LAYERS, VOCABULARY, BATCH, LENGTH = 32, 64, 3, 50, 4, 24
SOFTMAX = 2 * D * VOCABULARY  # operations of a token, forward


@pytest.mark.parametrize(
    ("attention", "keys"),
    [
        (Full(kind="full", backend=Backend.DENSE), LENGTH),
        (Local1D(kind="local_1d", query_block=8, memory_block=7), 1 + 7 + 8),
    ],
)
def test_operations_are_those_counted_by_hand(attention, keys):
    """Twice the weights per token and twice two products with the keys; backward is twice that."""
    layer = 2 * (4 * D * D + 2 * D * FF) + 2 * 2 * keys * D
    expected = 3 * BATCH * LENGTH * (LAYERS * layer + SOFTMAX)
    assert _operations(attention) == pytest.approx(expected, rel=0.02)


def test_a_softmax_in_chunks_is_computed_once_more_in_the_backward_pass(monkeypatch):
    attention = Full(kind="full", backend=Backend.DENSE)
    whole = _operations(attention)
    monkeypatch.setattr(heads, "CHUNK_LOGITS", BATCH * LENGTH * VOCABULARY // 4)
    assert _operations(attention) == whole + BATCH * LENGTH * SOFTMAX


def _operations(attention) -> int:
    sizes = {"num_layers": LAYERS, "d_model": D, "num_heads": 4, "d_ff": FF}
    model = decoder(sizes, Sinusoid(kind="sinusoid"), attention)
    shape = DataShape(inputs=VOCABULARY + 1, outputs=VOCABULARY, layout=SequenceLayout())
    return Update(BATCH, LENGTH, None).operations(model, shape)


@pytest.mark.parametrize(
    ("run", "update", "outputs"),
    [
        ("wmt14_en_de_base", Update(833, 30, 30), 37000),
        ("cifar10_categorical", Update(32, 3072, None), 256),
        ("cifar10_enlarged", Update(32, 3072, 192), 256),
        ("maestro_relative", Update(8, 2048, None), 388),
    ],
)
def test_an_update_has_the_positions_that_the_settings_ask_for(run, update, outputs):
    shape = shape_of(PAPER.datasets[PAPER.runs[run].dataset])
    assert update_of(PAPER.runs[run], shape) == update
    assert shape.outputs == outputs


def test_hours_are_operations_over_the_sustained_rate():
    run = PAPER.runs["wmt14_en_de_base"]
    assert hours(int(0.4 * 312e12 * 3.6), run, "A100") == pytest.approx(100.0, rel=1e-6)
