"""Paint with a trained run: images of a class, or other lower halves for a picture.

    paint --run image_local_2d --class 7 --count 16 -o digits.png
    paint --run image_local_2d --class 7 --complete picture.png -o completed.png

Needs runs/<run>/model: run `dvc repro train@<run>` or `dvc pull` first. The picture on disk grows
while images are finished.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pipeline.console import exit_on_error
from pipeline.process import prepare
from pipeline.sampling_options import add_sampling_options, positive


def main() -> None:
    """The command `paint`."""
    options = parse()
    prepare()
    exit_on_error(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    # Imported only now: torch takes seconds, for which --help and a wrong option need not wait.
    from pipeline.tasks.image.painter import paint

    paint(options)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """The options of the command line."""
    parser = argparse.ArgumentParser(
        prog="paint", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="a key of runs in params.yaml")
    parser.add_argument("--class", dest="label", type=int, help="of the images, as in the data")
    parser.add_argument("--count", type=positive, default=16, help="images to draw (16)")
    parser.add_argument("--complete", type=Path, help="a picture whose upper half is kept")
    add_sampling_options(parser)
    parser.add_argument("-o", dest="output", type=Path, required=True, help="the PNG to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
