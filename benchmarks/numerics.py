"""What reproducible numerics cost: seconds of an update of each run of a scale, beside native ones.

    python -m benchmarks.numerics
    python -m benchmarks.numerics --scale lecture --runs translation_sinusoid

Each run is trained by two processes, one of each numerics, which take turns with products of square
matrices that measure the machine's peak. Also records which share of that peak the operations of a
run's matrix products reach, over the whole time of its updates.
"""

import argparse
from operator import truediv
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks import rows
from benchmarks.comparison import Command, System, alternate
from benchmarks.same_time import updates_of
from models.settings import Numerics
from pipeline import config

SECONDS, ROUNDS = 5.0, 8
PEAK = "peak"


def measure(scale: Path, name: str, threads: int, options: argparse.Namespace) -> list[dict]:
    """The rows of the run `name`."""
    commands = {
        numerics: updates_of(scale, name, numerics, options.seconds) for numerics in Numerics
    }
    commands[PEAK] = Command("benchmarks.square_products", [str(threads), str(options.seconds)])
    systems = alternate(commands, options.rounds)
    found = [_row(name, systems), *(_share(name, numerics, systems) for numerics in Numerics)]
    for row in found:
        print(f"{row['what']}: {row['ours']:.4g} {row['unit']}")
    print(f"{name}: {1 / found[0]['ratio']:.2f} times the seconds of native numerics")
    return found


def _row(name: str, systems: dict[str, System]) -> dict[str, Any]:
    """Seconds of an update; the ratio is the median over rounds of the ratio in each round."""
    rates = [systems[numerics].rates for numerics in (Numerics.REPRODUCIBLE, Numerics.NATIVE)]
    ours, peer = (1.0 / median(of_system) for of_system in rates)
    ratio = median(map(truediv, *rates))
    return _base(f"updating, {name}: reproducible numerics (peer: native)", ours, "seconds") | {
        "peer": peer,
        "ratio": ratio,
    }


def _share(name: str, numerics: Numerics, systems: dict[str, System]) -> dict[str, Any]:
    """Operations per second of the products of updates, over those of square matrices."""
    system, peak = systems[numerics], systems[PEAK]
    # Counted with native numerics: both compute the same products.
    operations = systems[Numerics.NATIVE].facts["operations"]
    share = operations * median(map(truediv, system.rates, peak.rates))
    return _base(
        f"updating, {name}: products, {numerics} numerics", share, "share of the float32 peak"
    )


def _base(what: str, ours: float, unit: str) -> dict[str, Any]:
    return {
        "what": what,
        "ours": ours,
        "peer": None,
        "ratio": None,
        "unit": unit,
        "machine": rows.machine(),
        "command": "python -m benchmarks.numerics",
    }


def main() -> None:
    """Read the command line, measure, and record the rows of each run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--scale", type=Path, default=Path(), help="the folder of its params.yaml")
    parser.add_argument("--runs", nargs="+", help="the runs to measure; all without it")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="of a round")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    options = parser.parse_args()
    params = config.load(options.scale / config.PARAMS)
    for name in options.runs or params.runs:
        threads = config.run_of(params, name).training.threads
        rows.record(measure(options.scale, name, threads, options))


if __name__ == "__main__":
    main()
