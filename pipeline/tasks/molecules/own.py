"""A user's own molecules: a folder of xyz files."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.encoding.folders import visible_below
from pipeline.tasks.base import OwnData
from pipeline.tasks.molecules.codec.elements import ELEMENTS
from pipeline.tasks.molecules.settings import MoleculeReader

FILES = "xyz files with energy=<kcal/mol> in the comment of each molecule"
EXAMPLE = "molecules_attention"  # the run of the default scale that a user's begins with
_SUFFIX = ".xyz"
_MAX_ATOMS = 60


def own_data(source: Path, encoding: Mapping[str, Any]) -> OwnData | None:
    """Describe the xyz files below `source`; None if there are none."""
    files = [path for path in visible_below(source) if path.suffix.lower() == _SUFFIX]
    if not files:
        return None
    return OwnData(
        f"{len(files):,} xyz files",
        len(ELEMENTS),
        {
            "reader": MoleculeReader.XYZ_FOLDER.value,
            "elements": list(ELEMENTS),
            "distance_edges": encoding["distance_edges"],
            "max_atoms": _MAX_ATOMS,
            "max_skipped": encoding["max_skipped"],
            "held_out_formulas": encoding["held_out_formulas"],
            "splits": encoding["splits"],
        },
    )
