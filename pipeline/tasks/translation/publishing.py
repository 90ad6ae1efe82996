"""Publishes the translations of runs."""

from collections.abc import Sequence
from pathlib import Path

from pipeline.publishing.publication import Publication, Rows
from pipeline.reporting.results import Result
from pipeline.tasks.translation.codec import MODEL
from pipeline.tasks.translation.reporting.search_grid import read_search_grid
from pipeline.tasks.translation.reporting.translations import Translation, read_translations
from pipeline.tasks.translation.settings import TranslationDataset

_LINE_BREAKS = str.maketrans("\r\n", "  ")


def write_samples(result: Result, folder: Path) -> None:
    """Write the translations of each test set."""
    for test in result.tests:
        _write_translations(read_translations(test.samples, test.split), test.split, folder)


def _write_translations(translations: list[Translation], split: str, folder: Path) -> None:
    """Write <split>.{source,reference,hypothesis}.txt, one sentence per line.

    `sacrebleu test.reference.txt -i test.hypothesis.txt` reproduces the BLEU of the report.
    """
    for column in ("source", "reference", "hypothesis"):
        lines = (getattr(row, column).translate(_LINE_BREAKS) for row in translations)
        text = "".join(f"{line}\n" for line in lines)
        (folder / f"{split}.{column}.txt").write_text(text, encoding="utf-8", newline="\n")


def command(result: Result) -> str:
    """Return the shell command that translates with the run."""
    return f"translate --run {result.name} < input.txt > output.txt"


def languages(dataset: TranslationDataset) -> list[str]:
    """Return the source language and the target language."""
    return [dataset.encoding.source_language, dataset.encoding.target_language]


def tables(results: Sequence[Result]) -> dict[str, Rows]:
    """Return `search_grids`, with a row for each search of the validation split."""
    rows = [
        {
            "run": result.name,
            "beam_size": size,
            "length_penalty": alpha,
            "tokenised_bleu": cell.bleu,
            "length_ratio": cell.length_ratio,
        }
        for result in results
        if (grid := read_search_grid(result))
        for size, cells in grid.rows.items()
        for alpha, cell in zip(grid.length_penalties, cells, strict=True)
    ]
    return {"search_grids": rows}


PUBLICATION = Publication(
    write_samples=write_samples,
    command=command,
    languages=languages,
    tables=tables,
    read_by_command=(MODEL,),
)
