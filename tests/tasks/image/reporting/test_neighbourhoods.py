"""What the page says that a query sees, compared with networks and with the definition."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from models.build import build
from models.settings import DataShape, ImageLayout, Local1D, Local2D, LogisticMixture
from models.shared.order import block_order
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting.results import Result, read_results
from pipeline.tasks.image.reporting.neighbourhoods import Neighbourhood, View, read_neighbourhoods

ONE = Local1D(kind="local_1d", query_block=16, memory_block=8)
TWO = Local2D(kind="local_2d", query_rows=4, query_columns=4, memory_rows=2, memory_columns=1)


def result_of(scale: Params, **changed: object) -> Result:
    """The first run of images, with other settings of its network."""
    result = next(each for each in read_results(scale) if each.name == "image_local_1d")
    model = result.run.model.model_copy(update=changed)
    return replace(result, run=result.run.model_copy(update={"model": model}))


def drawn(scale: Params, **changed: object) -> Neighbourhood:
    (neighbourhood,) = read_neighbourhoods([result_of(scale, **changed)])
    return neighbourhood


def views_of(neighbourhood: Neighbourhood) -> list[View]:
    return [View(**view) for view in json.loads(neighbourhood.views)]


@pytest.mark.parametrize("attention", [ONE, TWO])
@pytest.mark.parametrize("layers", [1, 3])
def test_a_query_sees_what_its_gradient_reaches_in_a_network(scale: Params, attention, layers):
    result = result_of(scale, attention=attention, num_layers=layers, dropout=0.0)
    layout = ImageLayout(height=8, width=8, channels=1)
    model = build(result.run.model, DataShape(inputs=27, outputs=17, layout=layout)).double().eval()
    order = block_order(attention, 8, 8)
    (neighbourhood,) = read_neighbourhoods([result])

    for query, view in enumerate(views_of(neighbourhood)):
        inputs = torch.zeros(1, 64, model.settings.d_model, dtype=torch.float64)
        inputs.requires_grad_().data.normal_(generator=torch.Generator().manual_seed(query))
        model.hidden(inputs)[0, order.index(query)].square().sum().backward()
        reached = (inputs.grad[0].abs().amax(dim=1) > 0)[1:].nonzero().flatten()
        seen = {place for place, kind in enumerate(view.kinds) if kind in "BMI23"}
        assert seen == {order[key] for key in reached}


def test_kinds_of_1d_are_those_of_the_definition(scale: Params):
    for query, view in enumerate(views_of(drawn(scale, attention=ONE, num_layers=1))):
        start = query // 16 * 16
        expected = [
            "Q" if place == query
            else "B" if start <= place < query
            else "M" if start - 8 - 1 <= place < start  # an input is the pixel before
            else "A" if query < place < start + 16
            else "."
            for place in range(64)
        ]  # fmt: skip
        assert view.kinds == "".join(expected)


def test_kinds_of_2d_are_those_of_the_definition(scale: Params):
    def kind(place: int, query: int) -> str:
        (row, column), (top, left) = divmod(place, 8), divmod(query, 8)
        inside = row // 4 == top // 4 and column // 4 == left // 4
        top, left = top // 4 * 4, left // 4 * 4
        in_memory = top - 2 <= row < top + 4 and left - 1 <= column < left + 5
        if place == query:
            return "Q"
        if order.index(place) > order.index(query):
            return "A" if inside else "."
        newest = order.index(place) == order.index(query) - 1
        return "B" if inside else "M" if in_memory else "I" if newest else "."

    order = block_order(TWO, 8, 8)
    for query, view in enumerate(views_of(drawn(scale, attention=TWO, num_layers=1))):
        assert view.kinds == "".join(kind(place, query) for place in range(64))


def test_the_first_runs_of_both_patterns_are_drawn_and_enlarging_ones_last(scale: Params):
    results = [each for each in read_results(scale) if each.run.task == "image"]
    enlarged = [each for each in results if each.name == "image_enlarged"]
    assert enlarged[0].run.model.attention.kind == "local_2d"

    for order in (results, results[::-1]):
        names = [each.result.name for each in read_neighbourhoods(order)]
        assert names == ["image_local_1d", "image_local_2d"]
    assert [each.result.name for each in read_neighbourhoods(enlarged)] == ["image_enlarged"]
    assert read_neighbourhoods([]) == []


def test_the_picture_of_the_default_scale(scale: Params):
    one = read_neighbourhoods(read_results(scale))[0]

    rows = [one.view.kinds[start : start + 8] for start in range(0, 64, 8)]
    assert rows == ["2" * 8, "2" * 7 + "M", *4 * ["M" * 8], "B" * 8, "BQAAAAAA"]
    assert one.view.says == (
        "1 layer sees 42 of the 57 pixels generated before the query, 2 layers 57."
    )
    assert one.view.labels == {"2": 15.0, "M": 105.0, "B": 195.0, "Q": 219.0, "A": 233.0}
    assert one.query == 57 and one.view == views_of(one)[57]


def test_labels_are_inside_of_the_picture_and_apart(scale: Params):
    for attention in (ONE, TWO):
        for view in views_of(drawn(scale, attention=attention, num_layers=4)):
            heights = sorted(view.labels.values())
            assert heights[0] >= 7 and heights[-1] <= 233
            assert min(np.diff(heights), default=14) >= 13.9
            assert set(view.labels) == set(view.kinds) - {"."}


def write_layout(dataset: str, shape: dict) -> None:
    path = Path(f"reports/data/{dataset}.json")
    path.write_text(json.dumps(json.loads(path.read_text()) | {"shape": shape}))


def test_channels_are_positions_but_for_a_mixture(scale: Params):
    write_layout("digits", {"height": 16, "width": 16, "channels": 3})  # as older code wrote it

    intensities = drawn(scale, attention=ONE)
    assert (intensities.columns, len(intensities.view.kinds), intensities.views) == (48, 768, "")
    assert intensities.cell_height == 3 * intensities.cell_width == 15.0
    assert "16 intensities" in intensities.blocks and "intensities gen" in intensities.view.says

    mixture = drawn(
        scale, attention=ONE, output=LogisticMixture(kind="logistic_mixture", mixtures=2)
    )
    assert (mixture.columns, len(views_of(mixture))) == (16, 256)
    assert "16 pixels" in mixture.blocks


def test_facts_without_a_size_are_named_with_the_remedy(scale: Params):
    write_layout("digits", {"layout": {"kind": "image", "height": 8}})

    with pytest.raises(DataError, match=r"digits\.json: shape\.layout = .*dvc repro encode@digits"):
        drawn(scale)
