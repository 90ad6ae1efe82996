"""Molecules and their energies from the raw data: qmllib's archive, or a folder of xyz files."""

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from pipeline.encoding.archives import DAMAGED, damaged, only_archive
from pipeline.encoding.folders import visible_below
from pipeline.encoding.records import RecordError, Skipped, read_or_skip
from pipeline.errors import DataError
from pipeline.tasks.molecules.encoding.xyz import Molecule, finite, read_molecule, read_molecules
from pipeline.tasks.molecules.settings import MoleculeReader

_ASSETS = "/tests/assets/"
_ENERGIES = "hof_qm7.txt"  # name, and energies of atomisation by PBE0 and by DFTB
_MAX_MEMBER_BYTES = 1 << 20  # the largest of those that are read has 0.3 MB
MAX_FILE_BYTES = 1 << 28  # of a folder's file


class Labelled(NamedTuple):
    """A molecule, its name, and its energy in kcal/mol."""

    name: str
    molecule: Molecule
    energy: float


def read(raw: Path, reader: MoleculeReader) -> Iterator[Labelled | Skipped]:
    """Yield the molecules of a data set, sorted by name, or why one cannot be used.

    Raises DataError if an archive is missing, damaged or another one, or there is no molecule.
    """
    match reader:
        case MoleculeReader.QM7:
            return _qm7(only_archive(raw, "*.tar.gz"))
        case MoleculeReader.XYZ_FOLDER:
            return _folder(raw)


def _qm7(path: Path) -> Iterator[Labelled | Skipped]:
    """Yield the molecules of qmllib's tests, whose energies stand in one table."""
    files = {}
    try:
        with tarfile.open(path) as archive:
            for member in archive:
                name = member.name.partition(_ASSETS)[2]
                is_read = name == _ENERGIES or (name.startswith("qm7/") and name.endswith(".xyz"))
                if is_read and (file := archive.extractfile(member)):
                    files[name] = file.read(_MAX_MEMBER_BYTES).decode("utf-8", "replace")
    except DAMAGED as error:
        raise damaged(path, error) from None
    table = files.pop(_ENERGIES, None)
    if table is None or not files:
        raise DataError(f"{path}: no {_ENERGIES} or no qm7/*.xyz inside; is it qmllib's source?")
    energies = {
        fields[0]: fields[1] for line in table.splitlines() if len(fields := line.split()) > 1
    }

    def labelled(name: str) -> Labelled:
        if name not in energies:
            raise RecordError(f"no energy in {_ENERGIES}")
        energy = finite(energies[name], f"{_ENERGIES}: energy")
        return Labelled(Path(name).stem, read_molecule(files[f"qm7/{name}"]), energy)

    for name in sorted(Path(file).name for file in files):
        yield read_or_skip(name, labelled, name)


def _folder(raw: Path) -> Iterator[Labelled | Skipped]:
    """Yield the molecules of every xyz file, with the energies of their comments."""
    paths = [path for path in visible_below(raw) if path.suffix.lower() == ".xyz"]
    if not paths:
        raise DataError(f"{raw}: no xyz file in it; check the source of the data set")
    for path in paths:
        name = path.relative_to(raw).with_suffix("").as_posix()
        yield from _in_file(name, path)


def _in_file(name: str, path: Path) -> Iterator[Labelled | Skipped]:
    """Yield the molecules of a file: what follows one that cannot be read has no beginning."""
    if path.stat().st_size > MAX_FILE_BYTES:
        yield Skipped(name, f"larger than {MAX_FILE_BYTES >> 20} MiB")
        return
    number = 0
    try:
        for molecule in read_molecules(path.read_bytes().decode("utf-8", "replace")):
            number += 1
            record = f"{name} {number}"
            yield read_or_skip(record, _with_energy, record, molecule)
        if not number:
            yield Skipped(name, "no molecule in it")
    except RecordError as error:
        yield Skipped(name, str(error))


def _with_energy(name: str, molecule: Molecule) -> Labelled:
    return Labelled(name, molecule, molecule.energy)
