"""Composes pieces of music with a trained run."""

import argparse
import io
import sys
from pathlib import Path

import soundfile

from pipeline.errors import ConfigError
from pipeline.files import write_atomically
from pipeline.machine import to_use
from pipeline.networks import Network
from pipeline.proposer import fill_with
from pipeline.settings.base import Method, Sampling
from pipeline.tasks.music.command import FORMATS
from pipeline.tasks.music.decoding.compose import compose_for, empty_primer, seconds_of, to_midi
from pipeline.tasks.music.decoding.roll import piano_roll
from pipeline.tasks.music.decoding.sound import SAMPLE_RATE, render
from pipeline.tasks.music.encoding.midi_repairs import told
from pipeline.tasks.music.harmony import harmonise
from pipeline.tasks.music.primers import read_primer


def compose(
    options: argparse.Namespace, network: Network, sampling: Sampling, method: Method
) -> None:
    """Compose with `network`, as the command `compose`.

    Raises ConfigError if the primer is too long or nothing is left to compose, and DataError if a
    file cannot be read.
    """
    training = to_use(network.name, network.run.training)
    model = network.load(training)
    _log(network.introduction())
    primer = empty_primer(model.shape)
    given = options.primer or options.harmonise
    if given:
        primer, repairs = read_primer(given, model.shape)
        if repairs:
            _log(f"{given}: {told(repairs)}")
    fill = fill_with(method, options.proposer, training)
    if options.harmonise:
        primer_seconds = 0.0
        pieces = harmonise(model, primer, options.count, sampling, fill)
    else:
        primer_seconds = seconds_of(primer, model.shape)
        if primer_seconds >= options.seconds:
            raise ConfigError(
                f"--seconds {options.seconds:g} leaves nothing to compose after a primer of "
                f"{primer_seconds:g} seconds; choose more"
            )
        pieces = compose_for(model, primer, options.seconds, options.count, sampling, fill)
    for number in range(options.count):
        path = numbered(options.output, number, options.count)
        content = to_midi(pieces[number], model.shape)
        write_atomically(path, content)
        seconds = seconds_of(pieces[number], model.shape)
        _log(f"{path}: {seconds:.1f} seconds, {_told_given(options, primer_seconds)}")
        if options.audio:
            sound = numbered(options.audio, number, options.count)
            write_atomically(sound, to_sound(content, sound.suffix))
        if options.roll:
            roll = numbered(options.roll, number, options.count)
            write_atomically(roll, piano_roll(content, primer_seconds))


def _told_given(options: argparse.Namespace, primer_seconds: float) -> str:
    if options.harmonise:
        return f"the silent voices of {options.harmonise} composed"
    return f"{primer_seconds:.1f} of them given"


def _log(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def numbered(path: Path, number: int, count: int) -> Path:
    """Return `path` for a single piece, else append _1, _2, ... to its stem; `number` is from 0."""
    return path if count == 1 else path.with_stem(f"{path.stem}_{number + 1}")


def to_sound(midi: bytes, suffix: str) -> bytes:
    """Render a MIDI file as sound in the format of `suffix`."""
    file = io.BytesIO()
    soundfile.write(file, render(midi), SAMPLE_RATE, format=FORMATS[suffix.casefold()])
    return file.getvalue()
