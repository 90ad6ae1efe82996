"""The xyz format: number of atoms, a comment, a line for each atom; then the next molecule.

    3
    energy=-220.1
    O  0.000  0.000  0.117
    H  0.000  0.757 -0.469
    H  0.000 -0.757 -0.469

Coordinates are in angstroms. What follows the third coordinate (a charge, a force) is not read.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from pipeline.encoding.records import RecordError

MAX_LINE = 1000  # characters
_SYMBOL = re.compile(r"[A-Z][a-z]?")
_ENERGY = re.compile(r"(?:^|\s)energy\s*=\s*(\S+)", re.IGNORECASE)


@dataclass(frozen=True)
class Molecule:
    """Elements (atom,), coordinates (atom, 3) in angstroms, and the comment of the file."""

    symbols: tuple[str, ...]
    coordinates: np.ndarray
    comment: str = ""

    @property
    def formula(self) -> str:
        """Molecular formula in Hill's order: carbon, hydrogen, then the alphabet."""
        counts = {symbol: self.symbols.count(symbol) for symbol in sorted({*self.symbols})}
        first = [symbol for symbol in ("C", "H") if "C" in counts and symbol in counts]
        order = first + [symbol for symbol in counts if symbol not in first]
        return "".join(
            f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in order
        )

    @property
    def energy(self) -> float:
        """The number of `energy=` in the comment; RecordError if there is none."""
        found = _ENERGY.search(self.comment)
        if not found:
            raise RecordError("no energy=<kcal/mol> in the comment, the second line")
        return finite(found[1], "energy")


def read_molecules(text: str) -> Iterator[Molecule]:
    """Yield the molecules of an xyz file.

    Raises RecordError with the number of the line at the first one that does not fit.
    """
    lines = text.splitlines()
    at = 0
    while any(line.strip() for line in lines[at:]):
        count = _count(lines[at], at)
        if len(lines) < at + 2 + count:
            raise RecordError(
                f"line {at + 1}: {count} atoms, but {max(0, len(lines) - at - 2)} lines follow "
                "the comment"
            )
        atoms = [_atom(lines[number], number) for number in range(at + 2, at + 2 + count)]
        symbols, coordinates = zip(*atoms, strict=True)
        yield Molecule(symbols, np.array(coordinates), lines[at + 1].strip()[:MAX_LINE])
        at += 2 + count


def read_molecule(text: str) -> Molecule:
    """Return the only molecule of an xyz file; RecordError if there is none or another one."""
    molecules = list(read_molecules(text))
    if len(molecules) != 1:
        raise RecordError(f"{len(molecules)} molecules; expected one")
    return molecules[0]


def finite(text: str, what: str) -> float:
    """Parse a finite number; RecordError with `what` it should be."""
    try:
        number = float(text)
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise RecordError(f"{what} {text[:20]!r} is not a finite number")
    return number


def _count(line: str, at: int) -> int:
    try:
        count = int(line)
    except ValueError:
        count = 0
    if count < 1:
        raise RecordError(f"line {at + 1}: {line.strip()[:20]!r} is not a number of atoms")
    return count


def _atom(line: str, at: int) -> tuple[str, tuple[float, ...]]:
    symbol, *rest = line[:MAX_LINE].split() or [""]
    if not _SYMBOL.fullmatch(symbol):
        raise RecordError(f"line {at + 1}: {symbol[:20]!r} is not the symbol of an element")
    if len(rest) < 3:
        raise RecordError(f"line {at + 1}: {len(rest)} coordinates of {symbol}; expected 3")
    return symbol, tuple(finite(text, f"line {at + 1}: coordinate") for text in rest[:3])
