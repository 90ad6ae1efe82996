"""Compose with a trained run: from nothing, or going on after an opening that is given as MIDI.

    compose --run music_relative --seconds 30 -o out.mid
    compose --run music_relative --primer opening.mid -o out.mid --audio out.ogg --roll out.png

Needs runs/<run>/model: run `dvc repro train@<run>` or `dvc pull` first. Writes a MIDI file, with
--audio its sound and with --roll its piano roll; several of them get a number each.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pipeline.console import exit_on_error
from pipeline.process import prepare
from pipeline.sampling_options import add_sampling_options, positive

LONGEST = 3600.0  # seconds of an opening, and of a piece


def main() -> None:
    """The command `compose`."""
    options = parse()
    prepare()
    exit_on_error(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    # Imported only now: torch takes seconds, for which --help and a wrong option need not wait.
    from pipeline.tasks.music.composer import compose

    compose(options)


def _duration(text: str) -> float:
    """Seconds, for argparse."""
    seconds = float(text)
    if not 0.0 < seconds <= LONGEST:
        raise argparse.ArgumentTypeError(f"should be more than 0 and at most {LONGEST:,.0f}")
    return seconds


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        prog="compose", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="a key of runs in params.yaml")
    parser.add_argument("--primer", type=Path, help="a MIDI file to go on after")
    parser.add_argument(
        "--seconds", type=_duration, default=30.0, help="of a piece, opening included"
    )
    parser.add_argument("--count", type=positive, default=1, help="pieces")
    add_sampling_options(parser)
    parser.add_argument("-o", "--output", type=Path, required=True, help="the MIDI file to write")
    parser.add_argument("--audio", type=Path, help="its sound: .ogg, .mp3, .flac or .wav")
    parser.add_argument("--roll", type=Path, help="its piano roll: .png")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
