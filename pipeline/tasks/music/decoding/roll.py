"""Piano rolls as PNG: time to the right, pitch upwards, the louder a note the darker."""

import io

import pretty_midi
from PIL import Image, ImageDraw

_SECOND, _KEY = 40, 6  # pixels
_LEFT, _BOTTOM = 30, 16  # pixels of the names of octaves and of the seconds
_LABELLED = 5  # seconds
_OCTAVE = 12
_COLOURS = ((31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189))  # by instrument
_PAPER, _GIVEN, _LINE, _INK = (255, 255, 255), (236, 236, 236), (208, 208, 208), (96, 96, 96)
_FAINTEST = 0.3  # how much of its colour the softest note has


def piano_roll(midi: bytes, given_seconds: float) -> bytes:
    """Draw a MIDI file, its opening of `given_seconds` shaded: equal bytes for equal files."""
    piece = pretty_midi.PrettyMIDI(io.BytesIO(midi))
    pitches = [note.pitch for each in piece.instruments for note in each.notes] or [60]
    lowest = min(pitches) // _OCTAVE * _OCTAVE
    highest = max(pitches) // _OCTAVE * _OCTAVE + _OCTAVE - 1
    width, height = round(piece.get_end_time() * _SECOND), (highest - lowest + 1) * _KEY
    image = Image.new("RGB", (_LEFT + width + 1, height + _BOTTOM), _PAPER)
    draw = ImageDraw.Draw(image)

    def x_of(seconds: float) -> int:
        return _LEFT + round(seconds * _SECOND)

    def y_of(pitch: int) -> int:
        return (highest - pitch) * _KEY

    if given_seconds:
        draw.rectangle((_LEFT, 0, x_of(given_seconds), height), fill=_GIVEN)
    for pitch in range(lowest, highest, _OCTAVE):
        below = y_of(pitch) + _KEY
        draw.line((_LEFT, below, image.width, below), fill=_LINE)
        draw.text((2, below), f"C{pitch // _OCTAVE - 1}", fill=_INK, anchor="ls")
    for second in range(0, width // _SECOND + 1, _LABELLED):
        draw.line((x_of(second), 0, x_of(second), height), fill=_LINE)
        draw.text((x_of(second), height + 3), str(second), fill=_INK, anchor="mt")
    for number, instrument in enumerate(piece.instruments):
        for note in instrument.notes:
            box = (
                x_of(note.start),
                y_of(note.pitch),
                x_of(note.end) - 1,
                y_of(note.pitch) + _KEY - 1,
            )
            draw.rectangle((*box[:2], max(box[0], box[2]), box[3]), fill=_shade(number, note))
    file = io.BytesIO()
    image.save(file, "PNG", optimize=True)
    return file.getvalue()


def _shade(instrument: int, note: pretty_midi.Note) -> tuple[int, ...]:
    strength = _FAINTEST + (1 - _FAINTEST) * note.velocity / 127
    colour = _COLOURS[instrument % len(_COLOURS)]
    return tuple(round(255 - strength * (255 - each)) for each in colour)
