"""Tokenised BLEU and length ratio by beam size and length penalty, as a table and a chart."""

from dataclasses import dataclass

from pipeline.errors import DataError
from pipeline.reporting.figures import Chart, linear_chart
from pipeline.reporting.results import Result

_SHADES = 5


@dataclass(frozen=True)
class Cell:
    """One search of the validation split."""

    bleu: float  # tokenised, by the convention of the run
    length_ratio: float  # hypothesis tokens / reference tokens
    shade: int  # from 0 for the lowest BLEU of the table to _SHADES - 1 for the highest


@dataclass(frozen=True)
class SearchGrid:
    """The cells of a run."""

    length_penalties: list[float]
    rows: dict[int, list[Cell]]  # by beam size; a cell per length penalty

    @property
    def has_its_best_at_the_edge(self) -> bool:
        """Whether the highest BLEU has the largest length penalty of several."""
        best = max(cell.bleu for cells in self.rows.values() for cell in cells)
        at_the_edge = max(cells[-1].bleu for cells in self.rows.values())
        return len(self.length_penalties) > 1 and at_the_edge == best

    @property
    def chart(self) -> Chart:
        """BLEU over the length penalty, with a line for each beam size."""
        lines = [
            (f"beam {size}", list(zip(self.length_penalties, [c.bleu for c in cells], strict=True)))
            for size, cells in self.rows.items()
        ]
        return linear_chart(lines, "length penalty α", "BLEU, tokenised")


def read_search_grid(result: Result) -> SearchGrid | None:
    """Read the grid of a run, None if it has none; DataError if it is damaged."""
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
    lowest = min(bleu for *_, bleu, _ in cells)
    step = (max(bleu for *_, bleu, _ in cells) - lowest) / _SHADES or 1.0
    rows: dict[int, list[Cell]] = {}
    for size, _, bleu, ratio in cells:
        shade = min(int((bleu - lowest) / step), _SHADES - 1)
        rows.setdefault(size, []).append(Cell(bleu, ratio, shade))
    return SearchGrid(list(dict.fromkeys(alpha for _, alpha, *_ in cells)), rows)
