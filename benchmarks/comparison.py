"""Systems measured side by side, each in a process of its own.

They take turns, a round each, so that what slows the machine down slows all of them down. Only one
works at a time.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.metadata import version
from operator import truediv
from statistics import median
from typing import IO, Any, NamedTuple

from benchmarks import rows
from models.settings import Numerics
from models.shared.numerics import ENVIRONMENT


class Command(NamedTuple):
    """A module to measure, its arguments, and the numerics of its process."""

    module: str
    arguments: list[str]
    numerics: Numerics = Numerics.NATIVE


def variables(numerics: Numerics) -> dict[str, str]:
    """The environment variables of `numerics`, which torch reads when it is loaded."""
    if numerics is Numerics.NATIVE:
        return {}
    return {name: values[0] for name, values in ENVIRONMENT.items()}


class System:
    """The process of a module that is measured; `rates` has the rate of each round.

    `facts` is what the module reports about itself before the first round.
    """

    def __init__(self, command: Command, log: IO[str]) -> None:
        self.module, self._log = command.module, log
        self.rates: list[float] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", command.module, *command.arguments],
            env=os.environ | variables(command.numerics),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        )
        self.facts: dict[str, Any] = self._answer()

    def work(self) -> float:
        """Run one round; return its rate."""
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return self._answer()

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()

    def _answer(self) -> Any:
        line = self._process.stdout.readline()
        if not line:
            self._log.seek(0)
            sys.exit(self._log.read()[-3000:].strip() or f"error: {self.module} ended")
        return json.loads(line)


def compare(
    package: str, peers: list[str], unit: str, seconds: float, rounds: int
) -> dict[str, System]:
    """Measure the module `ours` of a package, with either numerics, beside its modules `peers`.

    A peer's module has the name of the package that it runs; its numerics are native. Prints the
    median rates with their range, and records a row for each peer and numerics. `seconds` of a
    round and `rounds` are what the command line leaves out; with --try there is one short round,
    not recorded.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    parser.add_argument("--try", dest="short", action="store_true", help="one round, not recorded")
    parser.add_argument("--seconds", type=float, default=seconds, help="of a round")
    parser.add_argument("--rounds", type=int, default=rounds)
    options = parser.parse_args()
    seconds, rounds = (1.0, 1) if options.short else (options.seconds, options.rounds)
    commands = {
        numerics: Command(f"{package}.ours", [str(seconds), numerics], numerics)
        for numerics in Numerics
    } | {peer: Command(f"{package}.{peer}", [str(seconds)]) for peer in peers}
    systems = alternate(commands, rounds)
    for name, system in systems.items():
        print(f"{name}: {median(system.rates):,.1f} {unit}, {_range(system)}")
    found = [
        _row(package, numerics, peer, systems, unit) for numerics in Numerics for peer in peers
    ]
    for row in found:
        print(f"{row['what']}: {row['ratio']:.2f} times")
    if not options.short:
        rows.record(found)
    return systems


def alternate(commands: dict[str, Command], rounds: int) -> dict[str, System]:
    """Measure systems in turn, after one round of each to warm up."""
    with ExitStack() as stack:
        systems = {}
        for name, command in commands.items():
            log = stack.enter_context(tempfile.TemporaryFile("w+"))
            systems[name] = System(command, log)
            stack.callback(systems[name].close)
        for system in systems.values():
            system.work()
        for _ in range(rounds):
            for system in systems.values():
                system.rates.append(system.work())
    return systems


def _row(
    package: str, numerics: Numerics, peer: str, systems: dict[str, System], unit: str
) -> dict[str, Any]:
    """A row whose ratio is the median over rounds of the ratio in each round."""
    what, ours, theirs = package.rpartition(".")[2], systems[numerics], systems[peer]
    suffix = " with reproducible numerics" if numerics is Numerics.REPRODUCIBLE else ""
    return {
        "what": f"{what}{suffix}, beside {peer} {version(peer)}",
        "ours": round(median(ours.rates), 1),
        "peer": round(median(theirs.rates), 1),
        "ratio": round(median(map(truediv, ours.rates, theirs.rates)), 3),
        "unit": unit,
        "machine": rows.machine(),
        "command": f"python -m {package}",
    }


def _range(system: System) -> str:
    return f"{min(system.rates):,.1f} .. {max(system.rates):,.1f} in {len(system.rates)} rounds"
