"""Pieces of music, composed by a trained run."""

import argparse
import io
import sys
from collections.abc import Collection
from pathlib import Path

import numpy as np
import soundfile

from models.settings import DataShape
from pipeline import config
from pipeline.errors import ConfigError, DataError
from pipeline.files import write_atomically
from pipeline.machine import to_use
from pipeline.sampling_options import chosen
from pipeline.tasks.music.codec import events, grid, is_grid
from pipeline.tasks.music.command import LONGEST
from pipeline.tasks.music.decoding.compose import compose_for, nothing, seconds_of, to_midi
from pipeline.tasks.music.decoding.midi import from_midi
from pipeline.tasks.music.decoding.roll import piano_roll
from pipeline.tasks.music.decoding.sound import SAMPLE_RATE, rendered
from pipeline.tasks.music.encoding.midi_file import MidiError, read_notes
from pipeline.tasks.music.settings import MusicRun
from pipeline.trained import load_model

_FORMATS = {".ogg": "OGG", ".mp3": "MP3", ".flac": "FLAC", ".wav": "WAV"}


def compose(options: argparse.Namespace) -> None:
    """Compose with the run `options.run` of params.yaml, as the command does.

    Raises ConfigError where the run does not compose or an option does not fit, and DataError where
    the opening cannot be read.
    """
    run = config.run_of(config.load(), options.run)
    if not isinstance(run, MusicRun):
        raise ConfigError(f"{config.PARAMS}: runs.{options.run}.task = {run.task} does not compose")
    sampling = chosen(run.decoding.sampling, options)
    _check_suffix("--output", options.output, [".mid", ".midi"])
    _check_suffix("--audio", options.audio, _FORMATS)
    _check_suffix("--roll", options.roll, [".png"])
    model = load_model(options.run, to_use(options.run, run.training))
    opening = read_opening(options.primer, model.shape)
    given = seconds_of(opening, model.shape)
    if given >= options.seconds:
        raise ConfigError(
            f"--seconds {options.seconds:g} leaves nothing to compose after the {given:g} seconds "
            "of the opening; choose more"
        )
    pieces = compose_for(model, opening, options.seconds, options.count, sampling)
    for number in range(options.count):
        path = numbered(options.output, number, options.count)
        content = to_midi(pieces[number], model.shape)
        write_atomically(path, content)
        lasting = seconds_of(pieces[number], model.shape)
        print(f"{path}: {lasting:.1f} seconds, {given:.1f} of them given", file=sys.stderr)
        if options.audio:
            sound = numbered(options.audio, number, options.count)
            write_atomically(sound, to_sound(content, sound.suffix))
        if options.roll:
            roll = numbered(options.roll, number, options.count)
            write_atomically(roll, piano_roll(content, given))


def read_opening(path: Path | None, shape: DataShape) -> np.ndarray:
    """The ids (1 + token,) of an opening in a MIDI file, START alone without one.

    Raises DataError, with the remedy, if the file does not fit what the network composes.
    """
    if path is None:
        return nothing(shape)
    content = path.read_bytes()
    try:
        if is_grid(shape):
            return grid.to_ids(from_midi(content))
        return events.to_ids(read_notes(content, LONGEST))
    except DataError as error:
        raise DataError(f"{path}: {error}") from None
    except MidiError as error:
        raise DataError(f"{path}: {error}; give a MIDI file with notes of a keyboard") from None


def _check_suffix(option: str, path: Path | None, suffixes: Collection[str]) -> None:
    if path is not None and path.suffix.casefold() not in suffixes:
        raise ConfigError(f"{option} {path}: should end in {' or '.join(suffixes)}")


def numbered(path: Path, number: int, count: int) -> Path:
    """`path` itself for one piece, <stem>_1, <stem>_2, ... for several; `number` is from 0 on."""
    return path if count == 1 else path.with_stem(f"{path.stem}_{number + 1}")


def to_sound(midi: bytes, suffix: str) -> bytes:
    """The sound of a MIDI file in the format of `suffix`."""
    file = io.BytesIO()
    soundfile.write(file, rendered(midi), SAMPLE_RATE, format=_FORMATS[suffix.casefold()])
    return file.getvalue()
