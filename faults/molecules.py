"""Molecules in xyz: broken files, files of other units and elements, and qmllib's archive."""

import io
import re
import tarfile
from pathlib import Path
from random import Random

from faults.damage import damaged
from faults.kinds import Found, Whole, named
from pipeline.encoding.records import Skipped, read_or_skip
from pipeline.tasks.molecules.codec import MoleculeCodec
from pipeline.tasks.molecules.encoding.graph import to_graph
from pipeline.tasks.molecules.encoding.read import read
from pipeline.tasks.molecules.settings import MoleculeReader
from tests.tasks.molecules.shapes import acetylene, as_xyz, benzene, ethene, methane, moved, water

CODEC = MoleculeCodec(("H", "C", "O"), (2.0, 3.0, 4.0), 12)
_SHAPES = (acetylene, benzene, ethene, methane, water)
_ODD = (b"Xe", b"0", b"-1", b"23", b"nan", b"1e400", b"1,5", b"1.0d+1", b"\xff", b"\0", b"")
_BOHRS = 1.8897  # in an angstrom
_ARCHIVED = "qmllib-1/tests/assets"


def molecule(random: Random) -> bytes:
    """A molecule somewhere in space, with its energy."""
    shape = moved(random.choice(_SHAPES)(), random.randrange(1000))
    return as_xyz(shape, f"energy={-random.random() * 1000}").encode()


def odd_molecule(content: bytes, random: Random) -> bytes:
    """The same with broken bytes, other spaces, odd words, other lines, or in other units."""
    lines = content.splitlines(keepends=True)
    match random.randrange(5):
        case 0:
            return damaged(content, random)
        case 1:
            words = re.findall(rb"\S+|\s+", content)
            words[random.randrange(len(words))] = random.choice(_ODD)
            return b"".join(words)
        case 2:
            at = random.randrange(len(lines))
            lines[at : at + 1] = random.choice((0, 2)) * lines[at : at + 1]
            return b"".join(lines)
        case 3:
            return content.replace(b"\n", b"\r\n").replace(b" ", b"\t ")
    other = random.choice(_SHAPES)()
    return as_xyz(type(other)(other.symbols, other.coordinates * _BOHRS), "energy=-1").encode()


def molecules(raw: Path, random: Random, broken: int) -> None:
    """A folder of xyz files."""
    for name, content in named(broken, random, lambda: molecule(random), odd_molecule):
        (raw / f"{name}.xyz").write_bytes(content)


def read_molecules(raw: Path) -> Found:
    """By the file, why one of its molecules is skipped, as a file may have become several."""
    found: Found = {}
    for record in read(raw, MoleculeReader.XYZ_FOLDER):
        if not isinstance(record, Skipped):
            graph = read_or_skip(record.name, to_graph, record.molecule, CODEC)
            record = graph if isinstance(graph, Skipped) else record
        name = record[0].split(" ")[0]
        found[name] = record.reason if isinstance(record, Skipped) else found.get(name)
    return found


def _archive(raw: Path) -> Path:
    path, random = raw / "qmllib.tar.gz", Random(1)
    contents = {f"qm7/{number}.xyz": molecule(random) for number in range(20)}
    energies = "".join(f"{number}.xyz {-number - 100}.5 0\n" for number in range(20))
    with tarfile.open(path, "w:gz") as archive:
        for name, content in {**contents, "hof_qm7.txt": energies.encode()}.items():
            member = tarfile.TarInfo(f"{_ARCHIVED}/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


ARCHIVE = Whole(_archive, lambda raw: list(read(raw, MoleculeReader.QM7)))
