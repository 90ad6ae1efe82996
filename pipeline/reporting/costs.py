"""Costs of layer types and memory of relative positions, published and measured."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pipeline.files import read_json
from pipeline.reporting import benchmarks
from pipeline.reporting.figures import Chart, log_chart
from pipeline.reporting.published import Layer, Published, RelativeMemory

COSTS = "python -m benchmarks.costs"
SKEWING = "python -m benchmarks.skewing"
LENGTHS = [2**power for power in range(4, 14)]
WIDTH, KERNEL, RADIUS = 512, 3, 64  # of the formulas; the width is that of the base model
SIZES = {"n": "n, tokens", "d": "d, width of a token"}
COUNTS = ("sequential operations", "path length")
CHARTS = {
    "Floating-point operations": ("FLOPs", "operations"),
    "Time": ("seconds", "seconds"),
    "Peak memory": ("peak memory", "MiB"),
}


@dataclass(frozen=True)
class Exponent:
    """Exponent of the growth of a cost with a size, fitted between two sizes."""

    value: float
    first: int
    last: int


@dataclass(frozen=True)
class LayerCosts:
    """Costs of a layer type: `exponents` by (size, cost), `counts` (n, count) by quantity."""

    published: Layer
    exponents: dict[tuple[str, str], Exponent]
    counts: dict[str, list[tuple[int, int]]]


@dataclass(frozen=True)
class Memory:
    """Memory at one length in megabytes, by (form, measure)."""

    published: RelativeMemory
    measured: dict[tuple[str, str], float]


@dataclass(frozen=True)
class Costs:
    """Both tables and the charts (title, chart); empty if not measured."""

    machines: list[str]
    layers: list[LayerCosts]
    charts: list[tuple[str, Chart]]
    memory: list[Memory]
    formulas: Chart  # of the complexities
    command: str = COSTS
    skewing: str = SKEWING


def read_costs(published: Published, path: Path = benchmarks.FILE) -> Costs:
    """Read the rows of `path` that benchmarks/costs.py and skewing.py write."""
    rows = read_json(path)
    costs = benchmarks.points_of(COSTS, rows)
    skewing = benchmarks.points_of(SKEWING, rows)
    return Costs(
        machines=list(dict.fromkeys(row["machine"] for row in costs)),
        layers=[_layer(layer, costs) for layer in published.layers] if costs else [],
        charts=_charts(costs),
        memory=[_memory(memory, skewing) for memory in published.relative_memory]
        if skewing
        else [],
        formulas=formulas(),
    )


def formulas() -> Chart:
    """Draw the published complexities at the width WIDTH over n; attention and recurrence cross."""
    lines = [
        ("self-attention, n² · d", [(n, n * n * WIDTH) for n in LENGTHS]),
        ("convolution, k · n · d²", [(n, KERNEL * n * WIDTH * WIDTH) for n in LENGTHS]),
        ("recurrent, n · d²", [(n, n * WIDTH * WIDTH) for n in LENGTHS]),
        ("restricted, r · n · d", [(n, min(n, RADIUS) * n * WIDTH) for n in LENGTHS]),
    ]
    return log_chart(
        lines,
        f"n, tokens (d = {WIDTH}, k = {KERNEL}, r = {RADIUS})",
        "multiplications",
        [(WIDTH, f"n = d = {WIDTH}")],
    )


def _layer(published: Layer, rows: list[dict[str, Any]]) -> LayerCosts:
    layer_rows = [row for row in rows if row["point"]["layer"] == published.layer]
    exponents = {
        (point["exponent"], point["measure"]): Exponent(row["ours"], point["from"], point["to"])
        for row in layer_rows
        if "exponent" in (point := row["point"])
    }
    counts = {
        count: sorted(
            (row["point"]["n"], row["ours"])
            for row in layer_rows
            if row["point"]["measure"] == count
        )
        for count in COUNTS
    }
    return LayerCosts(published, exponents, counts)


def _charts(rows: list[dict[str, Any]]) -> list[tuple[str, Chart]]:
    """Draw each cost over n at the most frequent d, and over d at the most frequent n."""
    charts = []
    for title, (measure, unit) in CHARTS.items():
        points = [
            (point["layer"], {"n": point["n"], "d": point["d"]}, row["ours"])
            for row in rows
            if "n" in (point := row["point"]) and point["measure"] == measure
        ]
        for varied, fixed in (("n", "d"), ("d", "n")):
            if points:
                at = _most_frequent([sizes[fixed] for _, sizes, _ in points])
                lines: dict[str, list[tuple[int, float]]] = {}
                for layer, sizes, cost in points:
                    if sizes[fixed] == at:
                        lines.setdefault(layer, []).append((sizes[varied], cost))
                ordered = [(layer, sorted(line)) for layer, line in sorted(lines.items())]
                charts.append(
                    (f"{title}, {fixed} = {at:,}", log_chart(ordered, SIZES[varied], unit))
                )
    return charts


def _most_frequent(sizes: list[int]) -> int:
    return max(sorted(set(sizes)), key=sizes.count)


def _memory(published: RelativeMemory, rows: list[dict[str, Any]]) -> Memory:
    measured = {
        (point["form"], point["measure"]): row["ours"]
        for row in rows
        if (point := row["point"]).get("positions") == published.length
    }
    return Memory(published, measured)
