"""Tokenised BLEU and length by beam size and length penalty: the cells of a table, and lines."""

from dataclasses import dataclass

from pipeline.errors import DataError
from pipeline.reporting.figures import Chart, linear_chart
from pipeline.reporting.results import Result

_SHADES = 5


@dataclass(frozen=True)
class Cell:
    """One search of the validation split."""

    bleu: float  # tokenised, by the convention of the run
    length_ratio: float  # tokens over those of the references
    shade: int  # 0 for the least BLEU of the table, _SHADES - 1 for the most


@dataclass(frozen=True)
class SearchGrid:
    """`rows` (beam size) of cells (length penalty)."""

    length_penalties: list[float]
    rows: dict[int, list[Cell]]

    @property
    def chart(self) -> Chart:
        """BLEU over the length penalty, a line for each beam size."""
        lines = [
            (f"beam {size}", list(zip(self.length_penalties, [c.bleu for c in cells], strict=True)))
            for size, cells in self.rows.items()
        ]
        return linear_chart(lines, "length penalty α", "BLEU, tokenised")


def read_search_grid(result: Result) -> SearchGrid | None:
    """The grid of a run, None if it was not searched; DataError if it is damaged."""
    try:
        cells = [
            (row["beam_size"], row["length_penalty"], row["tokenised_bleu"], row["length_ratio"])
            for row in result.metrics["search_grid"]
        ]
    except (KeyError, TypeError):
        raise DataError(
            f"{result.metrics_path}: {result.section}.search_grid is not a list of searches; "
            f"run `dvc repro evaluate@{result.name}`"
        ) from None
    if not cells:
        return None
    least = min(bleu for *_, bleu, _ in cells)
    step = (max(bleu for *_, bleu, _ in cells) - least) / _SHADES or 1.0
    rows: dict[int, list[Cell]] = {}
    for size, _, bleu, ratio in cells:
        shade = min(int((bleu - least) / step), _SHADES - 1)
        rows.setdefault(size, []).append(Cell(bleu, ratio, shade))
    return SearchGrid(list(dict.fromkeys(alpha for _, alpha, *_ in cells)), rows)
