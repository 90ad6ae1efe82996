"""Estimates the energies of molecules in an xyz file with a trained run."""

import argparse
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from models.shared.base import Model
from pipeline.encoding.records import RecordError
from pipeline.errors import DataError
from pipeline.files import read_json
from pipeline.machine import to_use
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.codec import MoleculeCodec
from pipeline.tasks.molecules.decoding.energies import energies_of
from pipeline.tasks.molecules.encoding.graph import to_graph
from pipeline.tasks.molecules.encoding.read import MAX_FILE_BYTES
from pipeline.tasks.molecules.encoding.xyz import Molecule, read_molecules
from pipeline.tasks.molecules.settings import MoleculeRun
from pipeline.trained import load_model

_BATCH = 64  # molecules


def estimate(options: argparse.Namespace, run: MoleculeRun) -> None:
    """Print the energies of the molecules of `options.file`: the command `energy`.

    A molecule that cannot be used is named on standard error, and DataError at the end counts them.
    """
    encoded = Path("data/encoded") / run.dataset
    codec = MoleculeCodec.of(read_json(encoded / "manifest.json"))
    model = load_model(options.run, to_use(options.run, run.training))
    validation = Graphs.read(encoded, "validation")
    error = np.abs(energies_of(model, validation, _BATCH) - validation.energies).mean()
    where = str(options.file or "standard input")
    print(
        f"{options.run}: {run.title}, trained on {run.dataset}; kcal/mol, ± the mean error of "
        f"{len(validation)} other molecules",
        file=sys.stderr,
    )
    number, refused = 0, 0
    for number, found in enumerate(_estimates(options.file, codec, model, validation), start=1):
        if isinstance(found, RecordError):
            refused += 1
            print(f"{where}: molecule {number}: {found}", file=sys.stderr)
        else:
            formula, energy = found
            print(f"{formula} {energy:.1f} ± {error:.1f}", flush=True)
    if refused:
        raise DataError(f"{where}: {refused} of {number} molecules are not estimated")
    if not number:
        raise DataError(f"{where}: no molecule in it")


def _estimates(
    path: Path | None, codec: MoleculeCodec, model: Model, like: Graphs
) -> Iterator[tuple[str, float] | RecordError]:
    """Yield formula and energy of each molecule, or why there is none."""
    for molecule in _molecules(_read(path)):
        if isinstance(molecule, RecordError):
            yield molecule
            continue
        try:
            atoms, labels = to_graph(molecule, codec)
        except RecordError as error:
            yield error
            continue
        graphs = Graphs([atoms], [labels.reshape(-1)], np.zeros(1), like.reference)
        yield molecule.formula, float(energies_of(model, graphs, 1)[0])


def _molecules(text: str) -> Iterable[Molecule | RecordError]:
    """Yield the molecules of a file; the first that cannot be read is the last."""
    try:
        yield from read_molecules(text)
    except RecordError as error:
        yield error


def _read(path: Path | None) -> str:
    if path is None:
        content = sys.stdin.buffer.read(MAX_FILE_BYTES + 1)
    else:
        with path.open("rb") as file:
            content = file.read(MAX_FILE_BYTES + 1)
    if len(content) > MAX_FILE_BYTES:
        raise DataError(
            f"{path or 'standard input'}: more than {MAX_FILE_BYTES >> 20} MiB; split the file"
        )
    return content.decode("utf-8", "replace")
