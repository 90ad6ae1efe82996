"""Molecules as SVG: atoms, bonds, and arcs to the atoms that a head attends to most."""

import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.reporting.results import Result

_SCALE = 42.0  # pixels of the page per angstrom
_MARGIN = 26.0
_GAP = 3.0  # between the lines of a double bond
_RADII = {"H": 8.0}  # pixels of an atom
_RADIUS = 11.0  # of the others
_BEND = 0.22  # height of an arc / its length
_SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


@dataclass(frozen=True)
class Atom:
    """An atom where it is drawn."""

    symbol: str
    x: float
    y: float
    radius: float


@dataclass(frozen=True)
class Drawing:
    """A molecule: its atoms, the lines of its bonds, and the arcs of one head."""

    formula: str
    energy: float
    estimate: float
    width: float
    height: float
    atoms: list[Atom]
    bonds: list[tuple[str, bool]]  # path, and whether it is dashed
    arcs: list[tuple[str, float]]  # path and opacity
    data: str  # JSON for the script: labels and weights

    @property
    def formula_with_subscripts(self) -> str:
        """The formula as chemists write it: C₂H₇N."""
        return self.formula.translate(_SUBSCRIPTS)


@dataclass(frozen=True)
class Shown:
    """The molecules of a run, and what its heads find."""

    result: Result
    names: list[str]  # of the labels
    drawings: list[Drawing]

    @property
    def best(self) -> dict[str, Any] | None:
        """The head that finds a relation; None for a network without attention."""
        return self.result.metrics.get("relations", {}).get("best")


def read_molecules(result: Result) -> Shown:
    """Read the molecules of a run; DataError if the file is damaged."""
    path = result.records / "molecules.json"
    content = read_json(path)
    best = result.metrics.get("relations", {}).get("best")
    try:
        return Shown(result, content["names"], [_draw(each, best) for each in content["molecules"]])
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise DataError(f"{path}: {error!r}; run `dvc repro evaluate@{result.name}`") from None


def _draw(molecule: dict[str, Any], best: dict[str, Any] | None) -> Drawing:
    places = np.array(molecule["places"]) * [1.0, -1.0] * _SCALE  # up is less on a page
    places = places - places.min(axis=0) + _MARGIN
    width, height = (places.max(axis=0) + _MARGIN).round(1).tolist()
    atoms = [
        Atom(symbol, round(x, 1), round(y, 1), _RADII.get(symbol, _RADIUS))
        for symbol, (x, y) in zip(molecule["atoms"], places.tolist(), strict=True)
    ]
    bonds = [
        line for i, j, kind in molecule["bonds"] for line in _lines(places[i], places[j], kind)
    ]
    arcs = []
    if best is not None:
        weights = molecule["weights"][best["layer"]][best["head"]]
        arcs = [
            (arc(places[query], places[int(np.argmax(row))]), round((max(row) / 1000) ** 0.5, 3))
            for query, row in enumerate(weights)
        ]
    data = {name: molecule[name] for name in ("labels", "weights")}
    return Drawing(
        molecule["formula"],
        molecule["energy"],
        molecule["estimate"],
        width,
        height,
        atoms,
        bonds,
        arcs,
        json.dumps(data, separators=(",", ":")),
    )


def _lines(start: np.ndarray, end: np.ndarray, kind: int) -> list[tuple[str, bool]]:
    """Return the lines of a bond, side by side; the second of an aromatic one is dashed."""
    along = end - start
    aside = np.array([-along[1], along[0]]) / max(np.hypot(*along), 1e-6) * _GAP
    offsets = {0: [0.0], 1: [-0.7, 0.7], 2: [-0.7, 0.7], 3: [-1.3, 0.0, 1.3]}[kind]
    paths = []
    for number, offset in enumerate(offsets):
        (x1, y1), (x2, y2) = start + aside * offset, end + aside * offset
        paths.append((f"M{x1:.1f} {y1:.1f}L{x2:.1f} {y2:.1f}", kind == 1 and number == 1))
    return paths


def arc(start: np.ndarray, end: np.ndarray) -> str:
    """Return the path of an arc, of a circle above an atom that attends to itself."""
    (x1, y1), (x2, y2) = start, end
    if (x1, y1) == (x2, y2):
        return f"M{x1 - 5:.1f} {y1 - 9:.1f}a8 8 0 1 1 10 0"
    x, y = (x1 + x2) / 2 + (y1 - y2) * _BEND, (y1 + y2) / 2 + (x2 - x1) * _BEND
    return f"M{x1:.1f} {y1:.1f}Q{x:.1f} {y:.1f} {x2:.1f} {y2:.1f}"
