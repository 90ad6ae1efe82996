"""Notes to a small MP3: additive synthesis, so that no sound font is needed."""

import io
from collections.abc import Iterable
from functools import lru_cache

import numpy as np
import soundfile

from pipeline.reporting.chorales import Note

SAMPLE_RATE = 22050
_COMPRESSION = 0.9  # with this sample rate: 24 kbit/s
_PARTIALS = (1.0, 0.42, 0.28, 0.11, 0.07, 0.03)  # amplitudes of the harmonics: a soft organ stop
_ATTACK, _RELEASE = 0.02, 0.09  # seconds
_TAIL = 0.4  # seconds of silence after the last note
_PEAK = 0.7  # of full scale


def synthesize(notes: Iterable[Note], seconds: float) -> np.ndarray:
    """Return int16 samples (time,) of `notes`, `seconds` and a short tail long."""
    mix = np.zeros(int((seconds + _TAIL) * SAMPLE_RATE))
    for note in notes:
        first = round(note.start * SAMPLE_RATE)
        tone = _tone(note.pitch, round((note.end - note.start + _RELEASE) * SAMPLE_RATE))
        tone = tone[: max(len(mix) - first, 0)]
        mix[first : first + len(tone)] += tone
    peak = np.abs(mix).max(initial=0.0)
    return np.round(mix * (_PEAK * 32767 / peak if peak else 0.0)).astype(np.int16)


@lru_cache(maxsize=1024)  # pieces repeat pitches and lengths
def _tone(pitch: int, length: int) -> np.ndarray:
    time = np.arange(length) / SAMPLE_RATE
    phase = 2 * np.pi * 440.0 * 2 ** ((pitch - 69) / 12) * time
    wave = sum(
        amplitude * np.sin(harmonic * phase)
        for harmonic, amplitude in enumerate(_PARTIALS, start=1)
    )
    envelope = np.minimum(np.minimum(time / _ATTACK, time[::-1] / _RELEASE), 1.0)
    return wave * envelope * (0.75 + 0.25 * np.exp(-3.0 * time))


def encode_mp3(samples: np.ndarray) -> bytes:
    """Return mono int16 `samples` as an MP3 of constant bit rate: the same bytes on every call."""
    buffer = io.BytesIO()
    soundfile.write(
        buffer,
        samples,
        SAMPLE_RATE,
        format="MP3",
        subtype="MPEG_LAYER_III",
        bitrate_mode="CONSTANT",
        compression_level=_COMPRESSION,
    )
    return buffer.getvalue()
