"""What a run generated, as files that other programs open."""

import shutil
from pathlib import Path

from pipeline.files import read_json
from pipeline.reporting.chorales import read_chorales
from pipeline.reporting.grids import read_grid
from pipeline.reporting.results import Result
from pipeline.reporting.translations import Translation, read_translations
from pipeline.settings.base import Task

_FACTS = "samples.json"  # what the images or pieces beside it show
_LINE_BREAKS = str.maketrans("\r\n", "  ")


def write_samples(result: Result, folder: Path) -> None:
    """Fill `folder`: translations a line each, PNG grids, or MIDI, MP3 and piano rolls.

    Raises DataError that names a file that is missing or damaged.
    """
    match result.run.task:
        case Task.TRANSLATION:
            for on in result.tests:
                _write_translations(read_translations(on.samples, on.split), on.split, folder)
        case Task.IMAGE:
            for kind in read_json(result.samples / _FACTS):
                read_grid(result.samples, kind)  # refuses a damaged one
                shutil.copy(result.samples / f"{kind}.png", folder)
            shutil.copy(result.samples / _FACTS, folder)
        case Task.MUSIC:
            for chorale in read_chorales(result.samples):  # refuses a damaged one
                for suffix in (".mid", ".mp3", ".png"):
                    shutil.copy((result.samples / chorale.file).with_suffix(suffix), folder)
            shutil.copy(result.samples / _FACTS, folder)


def _write_translations(translations: list[Translation], split: str, folder: Path) -> None:
    """<split>.{source,reference,hypothesis}.txt, with line n of each for sentence n.

    `sacrebleu test.reference.txt -i test.hypothesis.txt` computes the BLEU of the report.
    """
    for column in ("source", "reference", "hypothesis"):
        texts = (getattr(each, column).translate(_LINE_BREAKS) for each in translations)
        text = "".join(f"{line}\n" for line in texts)
        (folder / f"{split}.{column}.txt").write_text(text, encoding="utf-8", newline="\n")
