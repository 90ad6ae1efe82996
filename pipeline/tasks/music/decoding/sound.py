"""Pieces as sound: their MIDI files played with the sound font that pretty_midi brings along."""

import io
from functools import cache
from pathlib import Path

import midirenderer
import numpy as np
import pretty_midi
import soundfile

SAMPLE_RATE = 48000  # of midirenderer

_TAIL = 1.0  # seconds in which the last notes fade
_ALL_NOTES_OFF = 123  # a controller
_PEAK = 0.7  # of full scale
_COMPRESSION = 0.9  # with half the sample rate: 24 kbit/s


def rendered(midi: bytes) -> np.ndarray:
    """The sound of a MIDI file, (time, 2) in -1 .. 1: as long as the piece, and a short tail."""
    sound, _ = soundfile.read(
        io.BytesIO(midirenderer.render_wave_from(_sound_font(), _with_tail(midi)))
    )
    peak = np.abs(sound).max(initial=0.0)
    return sound * (_PEAK / peak) if peak else sound


def to_mp3(midi: bytes) -> bytes:
    """The sound of a MIDI file as a small mono MP3 of constant bit rate: equal bytes on each call.

    Of two channels and two samples the mean is kept: what lies above 12 kHz is 46 dB fainter.
    """
    sound = rendered(midi)
    mono = sound[: len(sound) // 2 * 2].reshape(-1, 2 * 2).mean(axis=1)
    file = io.BytesIO()
    soundfile.write(
        file,
        mono,
        SAMPLE_RATE // 2,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=_COMPRESSION,
    )
    return file.getvalue()


def _with_tail(midi: bytes) -> bytes:
    """The same piece with a last event after the tail: the renderer ends with the last event."""
    piece = pretty_midi.PrettyMIDI(io.BytesIO(midi))
    end = pretty_midi.ControlChange(_ALL_NOTES_OFF, 0, piece.get_end_time() + _TAIL)
    silent = pretty_midi.Instrument(0)
    silent.control_changes.append(end)
    piece.instruments.append(silent)
    file = io.BytesIO()
    piece.write(file)
    return file.getvalue()


@cache
def _sound_font() -> bytes:
    return Path(pretty_midi.__file__).with_name("TimGM6mb.sf2").read_bytes()
