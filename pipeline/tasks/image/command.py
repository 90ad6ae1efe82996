"""Sample images: of a class, or with the upper half of a given image.

    paint --class 7
    paint --class 7 --complete picture.png -o completed.png
    paint --run image_local_1d --class 7 --count 4 -o digits.png

Small images are enlarged. The output file is updated whenever further images are finished. Without
--run, and where no run was trained, the pretrained network of the repository paints; a run of
params.yaml needs runs/<run>/model: run `dvc repro train@<run>` or `dvc pull` first.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path

from models.shared.numerics import set_environment
from pipeline.console import exit_on_error
from pipeline.errors import ConfigError
from pipeline.process import prepare
from pipeline.sampling_options import add_sampling_options, check_decoding, chosen, positive
from pipeline.tasks.image.settings import ImageRun


def main() -> None:
    """Run the command `paint`."""
    options = parse()
    prepare()
    exit_on_error(lambda: run(options))


def run(options: argparse.Namespace) -> None:
    """Check the options against the run, and paint.

    Raises ConfigError if the run does not paint or an option does not fit, and DataError if a
    picture cannot be read.
    """
    from pipeline import config  # here, once the process is prepared
    from pipeline.networks import network_of

    network = network_of("image", options.run)
    name, path, settings = network.name, options.output, network.run
    if not isinstance(settings, ImageRun):
        raise ConfigError(f"{config.PARAMS}: runs.{name}.task = {settings.task} does not paint")
    if settings.decoding.samples_per_class is None:
        raise ConfigError(
            f"{config.PARAMS}: runs.{name} is for super-resolution, it does not paint"
        )
    if path.suffix != ".png":
        raise ConfigError(f"-o {path}: the output is a PNG; choose a name that ends in .png")
    sampling = chosen(settings.decoding.sampling, options)
    method = check_decoding(network, options)
    set_environment(settings.training.numerics)
    from pipeline.tasks.image.painter import paint  # here, because torch takes a second to import

    paint(options, network, sampling, method)


def parse(arguments: Sequence[str] | None = None) -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(
        prog="paint", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--run", help="name of a run in params.yaml (the pretrained one)")
    parser.add_argument(
        "--class", dest="label", type=int, help="class of the images, as in the data"
    )
    parser.add_argument("--count", type=positive, default=16, help="number of images (16)")
    parser.add_argument("--complete", type=Path, help="image whose upper half is kept")
    parser.add_argument(
        "--invert", action="store_true", help="read the negative of that image, such as of ink"
    )
    add_sampling_options(parser)
    parser.add_argument(
        "-o",
        dest="output",
        type=Path,
        default=Path("painted.png"),
        help="PNG file to write (painted.png)",
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
