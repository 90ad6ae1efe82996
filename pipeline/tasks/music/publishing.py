"""Publishes the pieces of runs."""

import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from PIL import Image, ImageDraw

from pipeline.publishing.drawing import PANEL, colours
from pipeline.publishing.publication import Player, Publication
from pipeline.reporting.results import Result
from pipeline.tasks.music.reporting.chorales import pitch_range, read_chorales
from pipeline.tasks.music.reporting.pieces import Piece, RunPieces

if TYPE_CHECKING:  # it imports torch
    from models.shared.base import Model

_PLAYING = Path(__file__).with_name("playing")
_NAMES = ("C", "C♯", "D", "D♯", "E", "F", "F♯", "G", "G♯", "A", "A♯", "B")
_KEYS = range(60, 80)  # MIDI pitches, those of a soprano
_DESCRIPTION = "samples.json"  # of the pieces in the same folder
_SUFFIXES = (".mid", ".mp3", ".png")  # notes, sound and piano roll


def write_samples(result: Result, folder: Path) -> None:
    """Copy the pieces and their description."""
    for chorale in read_chorales(result.samples):  # checks them
        for suffix in _SUFFIXES:
            shutil.copy((result.samples / chorale.file).with_suffix(suffix), folder)
    shutil.copy(result.samples / _DESCRIPTION, folder)


def command(result: Result) -> str:
    """Return the shell command that composes with the run."""
    return f"compose --run {result.name} --seconds 30 -o out.mid"


def write_player(model: "Model", encoded: Path, folder: Path) -> dict[str, Any]:
    """Copy the script; return the keys of the keyboard: pitch, name, and whether it is black."""
    shutil.copy(_PLAYING / "section.js", folder)
    octave = len(_NAMES)
    names = {pitch: f"{_NAMES[pitch % octave]}{pitch // octave - 1}" for pitch in _KEYS}
    return {"keyboard": [(pitch, name, "♯" in name) for pitch, name in names.items()]}


def draw(shown: tuple[RunPieces, Piece]) -> Image.Image:
    """Draw the piano roll of a piece, with what was given of it on a darker ground."""
    chorale, colour = shown[1].chorale, colours()
    lowest, highest = pitch_range([chorale])
    second, pitch = PANEL[0] / chorale.seconds, PANEL[1] / (highest - lowest + 1)
    panel = Image.new("RGB", PANEL, colour["panel"])
    canvas = ImageDraw.Draw(panel)
    canvas.rectangle((0, 0, chorale.primer_seconds * second, PANEL[1]), colour["given"])
    for note in chorale.notes:
        top = (highest - note.pitch) * pitch
        box = (note.start * second, top, max(note.end * second - 2, 0), top + pitch - 1)
        canvas.rectangle(tuple(map(round, box)), colour[f"voice-{note.voice}"])
    return panel


PUBLICATION = Publication(
    write_samples=write_samples,
    command=command,
    player=Player((_PLAYING,), write_player),
    draw=draw,
)
