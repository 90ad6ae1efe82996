"""What a query sees with local attention, drawn by the attention masks of the networks."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import torch

from models.settings import (
    Attention,
    ImageLayout,
    Local1D,
    Local2D,
    LogisticMixture,
    TransformerSettings,
)
from models.shared.order import block_order
from models.transformer.patterns import pattern
from pipeline.errors import DataError
from pipeline.reporting.results import DATA, Result, read_data_facts

_WIDTH, _LABELS = 240, 128  # of the picture and of the labels beside it, in units of the viewBox
_LINE = 14  # height of a label
_ALL_QUERIES = 256  # positions of the largest image in which the query can be chosen
_TITLES = {"local_1d": "Local 1-D attention", "local_2d": "Local 2-D attention"}


@dataclass(frozen=True)
class Kind:
    """How positions of one kind are named and drawn."""

    name: str
    look: str  # class of CSS
    opacity: float = 1.0


# Positions that the query sees through several layers have their number as the key of the kind.
_QUERY, _BLOCK, _MEMORY, _INPUT, _AHEAD, _UNSEEN = "QBMIA."
_LAYERS = "0123456789abcdefghijklmnopqrstuvwxyz"
_KINDS = {
    _QUERY: Kind("query", "query"),
    _BLOCK: Kind("query block", "in-block"),
    _MEMORY: Kind("memory block", "in-memory", 0.7),
    _INPUT: Kind("input at the query", "further"),  # by the residual connection
    _AHEAD: Kind("later in the block", "ahead"),
    _UNSEEN: Kind("not seen", "unseen"),
} | {
    key: Kind(f"seen in {layers} layers", "further", round(1 / layers, 2))
    for layers, key in enumerate(_LAYERS)
    if layers > 1
}


@dataclass(frozen=True)
class View:
    """What a network sees when it predicts one position, the query."""

    kinds: str  # of each position, in raster order
    labels: dict[str, float]  # y of the label of each kind
    says: str


@dataclass(frozen=True)
class Neighbourhood:
    """The positions of an image, each an intensity or a pixel, and what a query sees of them."""

    result: Result
    title: str
    blocks: str  # their sizes, in words
    width: int
    height: float
    labels_at: int  # x
    columns: int
    cell_width: float
    cell_height: float
    kinds: dict[str, Kind]
    query: int  # of `view`, in raster order
    view: View
    views: str  # JSON of the views of all queries; "" in large images

    @property
    def looks(self) -> str:
        """JSON of `kinds`."""
        return json.dumps({key: asdict(kind) for key, kind in self.kinds.items()})


def read_neighbourhoods(results: Sequence[Result]) -> list[Neighbourhood]:
    """Draw the first run with local 1-D and the first with local 2-D attention, if there are any.

    Networks that generate from nothing come before those that enlarge.
    """
    found: dict[str, Result] = {}
    for result in sorted(results, key=_enlarges):
        attention = getattr(result.run.model, "attention", None)
        if isinstance(attention, Local1D | Local2D):
            found.setdefault(attention.kind, result)
    return [_draw(found[kind]) for kind in _TITLES if kind in found]


def _enlarges(result: Result) -> bool:
    return getattr(result.run.model, "super_resolution", None) is not None


def _draw(result: Result) -> Neighbourhood:
    model, layout = result.run.model, _layout(result.run.dataset)
    if isinstance(model.output, LogisticMixture):  # a position is a pixel with all its channels
        layout = layout.model_copy(update={"channels": 1})
    mask = _Mask(model, layout)
    query = mask.inside_a_block(3 * layout.height // 4, 3 * mask.columns // 4)
    can_choose = len(mask.order) <= _ALL_QUERIES
    queries = range(len(mask.order)) if can_choose else [query]
    views = {each: mask.view(each) for each in queries}
    found = set().union(*(view.kinds for view in views.values()))
    return Neighbourhood(
        result=result,
        title=_TITLES[model.attention.kind],
        blocks=_blocks(model.attention, mask.unit),
        width=_WIDTH + _LABELS,
        height=layout.height * mask.row_height,
        labels_at=_WIDTH + 8,
        columns=mask.columns,
        cell_width=_WIDTH / mask.columns,
        cell_height=mask.row_height,
        kinds={key: kind for key, kind in _KINDS.items() if key in found},
        query=query,
        view=views[query],
        views=json.dumps([asdict(view) for view in views.values()]) if can_choose else "",
    )


def _layout(dataset: str) -> ImageLayout:
    """Read the layout of images; facts that older code wrote have no level `layout`."""
    shape = read_data_facts(dataset).get("shape") or {}
    facts = shape.get("layout", shape)
    try:
        return ImageLayout(**{key: facts[key] for key in ("height", "width", "channels")})
    except (KeyError, TypeError, ValueError):
        raise DataError(
            f"{DATA / dataset}.json: shape.layout = {facts!r} has no height, width and channels; "
            f"run `dvc repro encode@{dataset}`"
        ) from None


def _blocks(attention: Attention, unit: str) -> str:
    match attention:
        case Local1D(query_block=size, memory_block=memory):
            return f"query blocks of {size} {unit}, in raster order; the {memory} before in memory"
        case Local2D(query_rows=tall, query_columns=wide, memory_rows=up, memory_columns=side):
            return (
                f"query blocks of {tall} × {wide} {unit}; "
                f"{up} rows above and {side} columns on either side in memory"
            )


class _Mask:
    """The attention mask of a network, between the positions of an image."""

    def __init__(self, model: TransformerSettings, layout: ImageLayout) -> None:
        self.columns = layout.width * layout.channels
        self.unit = "pixels" if layout.channels == 1 else "intensities"
        self.row_height = _WIDTH / layout.width
        self.layers = min(model.num_layers, len(_LAYERS) - 1)
        self.order = block_order(model.attention, layout.height, self.columns)
        local = pattern(model.attention, layout)
        everywhere = torch.arange(len(self.order))
        self.visible = local.visible(everywhere[None], len(self.order))[0]
        blocks = local.decoding_blocks(len(self.order), None, everywhere.device)
        self.block_size = blocks.mask.shape[1]

    def inside_a_block(self, row: int, column: int) -> int:
        """Return the raster index of a position inside the query block that has (row, column)."""
        block = self.order.index(row * self.columns + column) // self.block_size
        middle = block * self.block_size + 9 * self.block_size // 16  # not at the left edge either
        return self.order[min(middle, len(self.order) - 1)]

    def view(self, query: int) -> View:
        """Return what the network sees when it predicts the position `query` in raster order."""
        position = self.order.index(query)
        layers = self._layers(position)
        kinds = [_UNSEEN] * len(self.order)
        kinds[query] = _QUERY
        for before, place in enumerate(self.order[:position]):
            kinds[place] = self._kind(position, before, layers[before])
        block = position // self.block_size
        for place in self.order[position + 1 : (block + 1) * self.block_size]:
            kinds[place] = _AHEAD
        return View("".join(kinds), self._labels(kinds), self._says(layers))

    def _layers(self, position: int) -> list[int]:
        """Return after how many layers a position sees each of those generated before it; 0: never.

        What was generated is the input one position later; residual connections keep all that was
        seen.
        """
        layers = torch.zeros(len(self.order), dtype=torch.long)
        seen = torch.arange(len(self.order)) == position
        for layer in range(1, self.layers + 1):
            seen = seen | self.visible[seen].any(dim=0)
            layers[seen & (layers == 0)] = layer
        return layers[1 : position + 1].tolist()

    def _kind(self, position: int, before: int, layers: int) -> str:
        """Return the kind of what was generated at `before`, for the query at `position`."""
        if layers == 0:
            return _UNSEEN
        if layers > 1:
            return _LAYERS[layers]
        if not self.visible[position, before + 1]:
            return _INPUT
        return _BLOCK if before // self.block_size == position // self.block_size else _MEMORY

    def _labels(self, kinds: Sequence[str]) -> dict[str, float]:
        """Return the y of each label: beside the positions furthest right, without overlap."""
        middle = {}
        for kind in set(kinds) - {_UNSEEN}:
            places = [divmod(place, self.columns) for place, of in enumerate(kinds) if of == kind]
            right = max(column for _, column in places)
            rows = [row for row, column in places if column == right]
            middle[kind] = (sum(rows) / len(rows) + 0.5) * self.row_height
        order = sorted(middle, key=lambda kind: (middle[kind], list(_KINDS).index(kind)))
        lowest = self.row_height * len(self.order) / self.columns - _LINE / 2
        labels, free = {}, _LINE / 2
        for below, kind in zip(reversed(range(len(order))), order, strict=True):
            labels[kind] = round(min(max(middle[kind], free), lowest - below * _LINE), 1)
            free = labels[kind] + _LINE
        return labels

    def _says(self, layers: Sequence[int]) -> str:
        """Say how many of those before the query it sees in one layer, in two, and so on."""
        if not layers:
            return "Nothing was generated before the query."
        seen = [sum(0 < count <= most for count in layers) for most in range(1, max(layers) + 1)]
        further = "".join(f", {most} layers {count:,}" for most, count in enumerate(seen[1:], 2))
        return (
            f"1 layer sees {seen[0]:,} of the {len(layers):,} {self.unit} generated before the "
            f"query{further}."
        )
