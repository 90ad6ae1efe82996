"""A chart of nats per token by position."""

from collections.abc import Sequence

from pipeline.reporting.figures import Chart, linear_chart
from pipeline.reporting.results import Result


def chart_by_position(results: Sequence[Result]) -> Chart | None:
    """Draw test nats per token over positions, a line per run; None if no run has them.

    A point is at the centre of its bin. Positions may exceed the length of the training crops.
    """
    measured = [result for result in results if result.metrics.get("by_position")]
    if not measured:
        return None
    crops = sorted({result.run.training.crop for result in measured})
    return linear_chart(
        [(result.run.title, _points(result.metrics["by_position"])) for result in measured],
        "position in the piece, tokens",
        "nats per token",
        [(crop, f"trained on {crop:,}") for crop in crops],
    )


def _points(by_position: dict[str, float]) -> list[tuple[float, float]]:
    """Return points (position, nats) of bins such as {"000-063": 0.7}."""
    bins = [(*map(int, name.split("-")), nats) for name, nats in by_position.items()]
    return [((first + last) / 2, nats) for first, last, nats in bins]
