"""Compose music: from nothing, continuing a MIDI file, or adding voices to one.

    compose
    compose --harmonise melody.mid -o chorale.mid --audio chorale.mp3
    compose --run music_relative --primer primer.mid -o out.mid --audio out.ogg --roll out.png

--harmonise keeps the voices of a file, a melody in one track being the soprano, and composes those
that are silent. Writes a MIDI file, with --audio also its sound and with --roll its piano roll;
without -o composed.mid and its sound, composed.mp3. With --count above 1 files are numbered.
Without --run, and where no run was trained, the pretrained network of the repository composes; a
run of params.yaml needs runs/<run>/model: run `dvc repro train@<run>` or `dvc pull` first.
"""

import argparse
from collections.abc import Collection, Sequence
from pathlib import Path

from models.shared.numerics import set_environment
from pipeline.console import exit_on_error
from pipeline.errors import ConfigError
from pipeline.process import prepare
from pipeline.sampling_options import add_sampling_options, check_decoding, chosen, positive
from pipeline.tasks.music.settings import MusicRun

MAX_SECONDS = 3600.0  # of a primer, and of a piece
FORMATS = {".ogg": "OGG", ".mp3": "MP3", ".flac": "FLAC", ".wav": "WAV"}  # of sound, by suffix


def main() -> None:
    """Run the command `compose`."""
    options = parse()
    prepare()
    exit_on_error(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Check the options against the run, and compose.

    Raises ConfigError if the run does not compose or an option does not fit, and DataError if the
    primer cannot be read.
    """
    from pipeline import config  # here, once the process is prepared
    from pipeline.networks import network_of

    network = network_of("music", options.run)
    settings = network.run
    if not isinstance(settings, MusicRun):
        raise ConfigError(
            f"{config.PARAMS}: runs.{network.name}.task = {settings.task} does not compose"
        )
    sampling = chosen(settings.decoding.sampling, options)
    method = check_decoding(network, options)
    if options.output is None:
        options.output = Path("composed.mid")
        options.audio = options.audio or Path("composed.mp3")
    _check_suffix("--output", options.output, [".mid", ".midi"])
    _check_suffix("--audio", options.audio, FORMATS)
    _check_suffix("--roll", options.roll, [".png"])
    set_environment(settings.training.numerics)
    from pipeline.tasks.music.composer import (
        compose,
    )  # here, because torch takes a second to import

    compose(options, network, sampling, method)


def _check_suffix(option: str, path: Path | None, suffixes: Collection[str]) -> None:
    if path is not None and path.suffix.casefold() not in suffixes:
        raise ConfigError(f"{option} {path}: should end in {' or '.join(suffixes)}")


def _duration(text: str) -> float:
    """Parse a duration in seconds, for argparse."""
    seconds = float(text)
    if not 0.0 < seconds <= MAX_SECONDS:
        raise argparse.ArgumentTypeError(f"should be more than 0 and at most {MAX_SECONDS:,.0f}")
    return seconds


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="compose", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", help="name of a run in params.yaml (the pretrained one)")
    given = parser.add_mutually_exclusive_group()
    given.add_argument("--primer", type=Path, help="MIDI file to continue")
    given.add_argument(
        "--harmonise", type=Path, help="MIDI file whose silent voices are composed, all of it"
    )
    parser.add_argument(
        "--seconds", type=_duration, default=30.0, help="length of a piece, primer included (30)"
    )
    parser.add_argument("--count", type=positive, default=1, help="number of pieces (1)")
    add_sampling_options(parser)
    parser.add_argument(
        "-o", "--output", type=Path, help="MIDI file to write (composed.mid, with composed.mp3)"
    )
    parser.add_argument("--audio", type=Path, help="audio file to write: .ogg, .mp3, .flac or .wav")
    parser.add_argument("--roll", type=Path, help="piano roll to write: .png")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
