"""Systems measured side by side, each in a process of its own.

They take turns, a round each, so that what slows the machine down slows all of them down. Only one
works at a time.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from importlib.metadata import version
from operator import truediv
from statistics import median
from typing import IO, Any

from benchmarks import rows


class System:
    """The process of a module that is measured; `rates` has the rate of each round.

    `facts` is what the module reports about itself before the first round.
    """

    def __init__(self, module: str, arguments: list[str], log: IO[str]) -> None:
        self.module, self._log = module, log
        self.rates: list[float] = []
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
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
    """Measure the module `ours` of a package beside its modules `peers`.

    A peer's module has the name of the package that it runs. Prints the median rates with their
    range, and records a row for each peer. With --try there is one short round, not recorded.
    """
    parser = argparse.ArgumentParser(prog=f"python -m {package}")
    parser.add_argument("--try", dest="short", action="store_true", help="one round, not recorded")
    short = parser.parse_args().short
    seconds, rounds = (1.0, 1) if short else (seconds, rounds)
    commands = {name: (f"{package}.{name}", [str(seconds)]) for name in ["ours", *peers]}
    systems = alternate(commands, rounds)
    for name, system in systems.items():
        print(f"{name}: {median(system.rates):,.1f} {unit}, {_range(system)}")
    found = [_row(package, systems["ours"], peer, systems[peer], unit) for peer in peers]
    for row in found:
        print(f"{row['what']}: {row['ratio']:.2f} times")
    if not short:
        rows.record(found)
    return systems


def alternate(commands: dict[str, tuple[str, list[str]]], rounds: int) -> dict[str, System]:
    """Measure systems (module, arguments) in turn, after one round of each to warm up."""
    with ExitStack() as stack:
        systems = {}
        for name, (module, arguments) in commands.items():
            log = stack.enter_context(tempfile.TemporaryFile("w+"))
            systems[name] = System(module, arguments, log)
            stack.callback(systems[name].close)
        for system in systems.values():
            system.work()
        for _ in range(rounds):
            for system in systems.values():
                system.rates.append(system.work())
    return systems


def _row(package: str, ours: System, peer: str, theirs: System, unit: str) -> dict[str, Any]:
    """A row whose ratio is the median over rounds of the ratio in each round."""
    what = package.rpartition(".")[2]
    return {
        "what": f"{what}, beside {peer} {version(peer)}",
        "ours": round(median(ours.rates), 1),
        "peer": round(median(theirs.rates), 1),
        "ratio": round(median(map(truediv, ours.rates, theirs.rates)), 3),
        "unit": unit,
        "machine": rows.machine(),
        "command": f"python -m {package}",
    }


def _range(system: System) -> str:
    return f"{min(system.rates):,.1f} .. {max(system.rates):,.1f} in {len(system.rates)} rounds"
