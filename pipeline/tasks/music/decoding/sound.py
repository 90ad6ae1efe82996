"""Renders MIDI files as sound with the sound font of pretty_midi."""

import io
from functools import cache
from pathlib import Path

import midirenderer
import numpy as np
import pretty_midi
import soundfile

SAMPLE_RATE = 48000  # Hz, of midirenderer

_TAIL = 1.0  # seconds for the last notes to fade
_ALL_NOTES_OFF = 123  # MIDI controller
_PEAK = 0.7  # of full scale
_COMPRESSION = 0.9  # 24 kbit/s at half the sample rate


def render(midi: bytes) -> np.ndarray:
    """Render a MIDI file with a short tail as sound (time, 2) in -1 .. 1."""
    sound, _ = soundfile.read(
        io.BytesIO(midirenderer.render_wave_from(_sound_font(), _with_tail(midi)))
    )
    peak = np.abs(sound).max(initial=0.0)
    return sound * (_PEAK / peak) if peak else sound


def to_mp3(midi: bytes) -> bytes:
    """Render a MIDI file as a small mono MP3 of constant bit rate; deterministic to the byte.

    Averages both channels and pairs of samples: the loss above 12 kHz is 46 dB below the rest.
    """
    sound = render(midi)
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
    """Add a silent event after the tail, because the renderer stops at the last event."""
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
