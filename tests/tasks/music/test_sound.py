import io

import numpy as np
import pytest
import soundfile

from pipeline.tasks.music.codec import events
from pipeline.tasks.music.decoding.midi import notes_to_midi
from pipeline.tasks.music.decoding.sound import SAMPLE_RATE, render, to_mp3

# A4 and A5, a second of silence before the first and between them.
TWO = notes_to_midi(events.Notes.of([(100, 150, 69, 80), (250, 300, 81, 80)]))


def loudness(sound: np.ndarray, start: float, end: float) -> float:
    return float(np.abs(sound[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)]).max())


def pitch(sound: np.ndarray, start: float, end: float) -> float:
    part = sound[int(start * SAMPLE_RATE) : int(end * SAMPLE_RATE)].mean(axis=1)
    spectrum = np.abs(np.fft.rfft(part * np.hanning(len(part))))
    return float(np.argmax(spectrum) / (end - start))


def test_notes_are_heard_when_and_as_high_as_they_are_written():
    sound = render(TWO)
    assert len(sound) / SAMPLE_RATE == pytest.approx(4.0, abs=0.01)
    assert np.abs(sound).max() == pytest.approx(0.7)
    assert loudness(sound, 0.0, 0.99) < 0.001 < 0.1 < loudness(sound, 1.0, 1.1)
    assert loudness(sound, 2.4, 2.49) < 0.1 * loudness(sound, 2.5, 2.6)
    assert pitch(sound, 1.0, 1.5) == pytest.approx(440, abs=4)
    assert pitch(sound, 2.5, 3.0) == pytest.approx(880, abs=4)


def test_a_piece_without_notes_is_silent():
    assert not render(notes_to_midi(events.Notes.of([]))).any()


def test_mp3_is_small_and_the_same_on_every_call():
    content = to_mp3(TWO)
    assert content == to_mp3(TWO)
    assert len(content) < 14_000  # 24 kbit/s
    sound, rate = soundfile.read(io.BytesIO(content))
    assert (rate, sound.ndim) == (SAMPLE_RATE // 2, 1)
    assert len(sound) / rate == pytest.approx(4.0, abs=0.1)
    assert np.abs(sound).max() > 0.3
