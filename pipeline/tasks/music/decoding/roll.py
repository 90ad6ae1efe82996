"""Piano rolls as PNG: time to the right, pitch upwards, louder notes darker."""

import io

import pretty_midi
from PIL import Image, ImageDraw

_SECOND, _KEY = 40, 6  # width of a second and height of a key in pixels
_LEFT, _BOTTOM = 30, 16  # margins of the labels in pixels
_LABEL_STEP = 5  # seconds between labels
_OCTAVE = 12
_COLOURS = ((31, 119, 180), (214, 39, 40), (44, 160, 44), (148, 103, 189))  # by instrument
_PAPER, _PRIMER, _LINE, _INK = (255, 255, 255), (236, 236, 236), (208, 208, 208), (96, 96, 96)
_MIN_STRENGTH = 0.3  # of the colour of the softest note


def piano_roll(midi: bytes, primer_seconds: float) -> bytes:
    """Draw a MIDI file with its primer shaded; equal files yield equal bytes."""
    piece = pretty_midi.PrettyMIDI(io.BytesIO(midi))
    pitches = [note.pitch for instrument in piece.instruments for note in instrument.notes] or [60]
    lowest = min(pitches) // _OCTAVE * _OCTAVE
    highest = max(pitches) // _OCTAVE * _OCTAVE + _OCTAVE - 1
    width, height = round(piece.get_end_time() * _SECOND), (highest - lowest + 1) * _KEY
    image = Image.new("RGB", (_LEFT + width + 1, height + _BOTTOM), _PAPER)
    draw = ImageDraw.Draw(image)

    def x_of(seconds: float) -> int:
        return _LEFT + round(seconds * _SECOND)

    def y_of(pitch: int) -> int:
        return (highest - pitch) * _KEY

    if primer_seconds:
        draw.rectangle((_LEFT, 0, x_of(primer_seconds), height), fill=_PRIMER)
    for pitch in range(lowest, highest, _OCTAVE):
        below = y_of(pitch) + _KEY
        draw.line((_LEFT, below, image.width, below), fill=_LINE)
        draw.text((2, below), f"C{pitch // _OCTAVE - 1}", fill=_INK, anchor="ls")
    for second in range(0, width // _SECOND + 1, _LABEL_STEP):
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
    strength = _MIN_STRENGTH + (1 - _MIN_STRENGTH) * note.velocity / 127
    colour = _COLOURS[instrument % len(_COLOURS)]
    return tuple(round(255 - strength * (255 - channel)) for channel in colour)
