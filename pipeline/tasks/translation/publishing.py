"""Publishes the translations of runs."""

import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sentencepiece
from PIL import Image, ImageColor, ImageDraw

from pipeline.publishing.drawing import PANEL, colours, font, has_glyphs
from pipeline.publishing.publication import Player, Publication, Rows
from pipeline.reporting.results import Result
from pipeline.tasks.translation.codec import MODEL
from pipeline.tasks.translation.reporting.alignment import Alignment
from pipeline.tasks.translation.reporting.search_grid import read_search_grid
from pipeline.tasks.translation.reporting.translations import Translation, read_translations
from pipeline.tasks.translation.settings import TranslationDataset

if TYPE_CHECKING:  # it imports torch
    from models.shared.base import Model

_TEMPLATES = Path(__file__).with_name("reporting") / "templates"
_PLAYING = Path(__file__).with_name("playing")
_LABEL = 11  # pixels of a label for a figure that is as large as on the page
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


def write_player(model: "Model", encoded: Path, folder: Path) -> dict[str, Any]:
    """Copy the scripts, with the viewer's; return the pieces: text, score, and kind if no text."""
    for name in ("section.js", "pieces.js"):
        shutil.copy(_PLAYING / name, folder)
    script = (_TEMPLATES / "attention.js").read_text(encoding="utf-8")
    (folder / "attention.js").write_text(
        f"{script}\nexport {{ showAttention }};\n", encoding="utf-8", newline="\n"
    )
    model_of_pieces = sentencepiece.SentencePieceProcessor(model_file=str(encoded / MODEL))

    def kind(index: int) -> str:
        if model_of_pieces.is_byte(index):
            return "byte"
        special = model_of_pieces.is_control(index) or model_of_pieces.is_unknown(index)
        return "control" if special else ""

    return {
        "pieces": [
            [model_of_pieces.id_to_piece(index), model_of_pieces.get_score(index), kind(index)]
            for index in range(model_of_pieces.get_piece_size())
        ]
    }


def draw(alignment: Alignment) -> Image.Image:
    """Draw what each piece of the translation attends to, a row each, as the page does.

    Labels that the font cannot write are left out.
    """
    scale = min(PANEL[0] / alignment.width, PANEL[1] / alignment.height)
    panel = Image.new("RGB", PANEL, colours()["page"])
    canvas = ImageDraw.Draw(panel)
    for cell in alignment.cells:
        corner = cell.x * scale, cell.y * scale
        end = (cell.x + alignment.size) * scale - 2, (cell.y + alignment.size) * scale - 2
        box = tuple(map(round, (*corner, *end)))
        canvas.rectangle(box, _mixed(colours()["page"], colours()["accent"], cell.opacity))
    for y, label in alignment.rows:
        if has_glyphs(label):
            at = (alignment.left - 6) * scale, y * scale
            canvas.text(at, label, colours()["muted"], font(_LABEL * scale), anchor="rm")
    turned = panel.transpose(Image.Transpose.ROTATE_270)
    canvas = ImageDraw.Draw(turned)
    for x, label in alignment.columns:
        if has_glyphs(label):
            at = PANEL[1] - (alignment.top - 6) * scale, x * scale
            canvas.text(at, label, colours()["muted"], font(_LABEL * scale), anchor="lm")
    return turned.transpose(Image.Transpose.ROTATE_90)


def _mixed(ground: str, colour: str, opacity: float) -> tuple[int, ...]:
    """Return `colour` of this opacity on a ground."""
    pairs = zip(ImageColor.getrgb(ground), ImageColor.getrgb(colour), strict=True)
    return tuple(round(below + opacity * (above - below)) for below, above in pairs)


PUBLICATION = Publication(
    draw=draw,
    write_samples=write_samples,
    command=command,
    languages=languages,
    tables=tables,
    player=Player((_PLAYING, _TEMPLATES), write_player),
    read_by_command=(MODEL,),
)
