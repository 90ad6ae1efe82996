"""Sample images with a trained run: of a class, or with the upper half of a given image.

    paint --run image_local_2d --class 7 --count 16 -o digits.png
    paint --run image_local_2d --class 7 --complete picture.png -o completed.png

Needs runs/<run>/model: run `dvc repro train@<run>` or `dvc pull` first. The output file is updated
whenever further images are finished.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from pipeline.console import exit_on_error
from pipeline.process import prepare
from pipeline.sampling_options import add_sampling_options, positive


def main() -> None:
    """Run the command `paint`."""
    options = parse()
    prepare()
    exit_on_error(lambda: _run(options))


def _run(options: argparse.Namespace) -> None:
    # Imported here because torch takes seconds to import: --help and wrong options need none.
    from pipeline.tasks.image.painter import paint

    paint(options)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="paint", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", required=True, help="name of a run in params.yaml")
    parser.add_argument(
        "--class", dest="label", type=int, help="class of the images, as in the data"
    )
    parser.add_argument("--count", type=positive, default=16, help="number of images (16)")
    parser.add_argument("--complete", type=Path, help="image whose upper half is kept")
    add_sampling_options(parser)
    parser.add_argument("-o", dest="output", type=Path, required=True, help="PNG file to write")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
