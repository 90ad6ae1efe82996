"""Encoding of molecules: readers, duplicates, splits, references, faults."""

import io
import tarfile
from pathlib import Path

import numpy as np
import pytest

from pipeline.corpus import read_clusters, read_sequences
from pipeline.errors import DataError
from pipeline.files import read_json, write_json
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.codec import ATOMS, COORDINATES, ENERGY, LABELS, MoleculeCodec
from pipeline.tasks.molecules.codec.reference import counts, fit_reference
from pipeline.tasks.molecules.encoding.encode import FORMULAS, encode
from pipeline.tasks.molecules.encoding.graph import to_graph
from pipeline.tasks.molecules.settings import MoleculeEncoding, MoleculeReader
from tests.tasks.molecules.networks import ENCODING, SHAPES, write_molecules
from tests.tasks.molecules.shapes import as_xyz, benzene, ethene, methane, moved, water


@pytest.fixture
def raw(tmp_path: Path) -> Path:
    """A folder of molecules."""
    write_molecules(tmp_path / "raw")
    return tmp_path / "raw"


def encoded(raw: Path, encoding: MoleculeEncoding = ENCODING, name: str = "encoded") -> Path:
    folder = raw.parent / name
    folder.mkdir()
    write_json(folder / "manifest.json", encode(raw, folder, encoding))
    return folder


def test_every_molecule_is_in_one_split(raw):
    folder = encoded(raw)
    names = [
        each["name"]
        for split in ("train", "validation", "test")
        for each in read_json(folder / f"{split}.molecules.json")
    ]
    assert sorted(names) == sorted(f"{name} {i}" for name in SHAPES for i in range(1, 7))
    counts_of = {
        s: each["records"] for s, each in read_json(folder / "manifest.json")["splits"].items()
    }
    assert counts_of == {"train": 18, "validation": 6, "test": 6}
    clusters = read_clusters(folder, "test")
    assert clusters == [each["name"] for each in read_json(folder / "test.molecules.json")]


def test_fields_are_those_of_the_molecule(raw):
    folder = encoded(raw)
    codec = MoleculeCodec.of(read_json(folder / "manifest.json"))
    for index, each in enumerate(read_json(folder / "train.molecules.json")):
        name, number = each["name"].split()
        atoms = read_sequences(folder, "train", ATOMS)[index]
        places = read_sequences(folder, "train", COORDINATES)[index].reshape(-1, 3)
        energy = read_sequences(folder, "train", ENERGY)[index]
        molecule = moved(SHAPES[name], int(number) - 1)
        stretch = 1 + (int(number) - 1) / 100
        np.testing.assert_allclose(places, molecule.coordinates * stretch, atol=1e-5)
        expected, labels = to_graph(type(molecule)(molecule.symbols, places.astype(float)), codec)
        np.testing.assert_array_equal(atoms, expected)
        np.testing.assert_array_equal(
            read_sequences(folder, "train", LABELS)[index], labels.ravel()
        )
        assert energy == -100 * len(atoms) - (int(number) - 1)


def test_molecules_of_held_out_formulas_are_in_no_other_split(raw):
    folder = encoded(raw, ENCODING.model_copy(update={"held_out_formulas": 0.4}))
    formulas = {
        split: {each["formula"] for each in read_json(folder / f"{split}.molecules.json")}
        for split in ("train", "validation", "test", FORMULAS)
    }
    held_out = formulas.pop(FORMULAS)
    assert len(held_out) == 2
    assert not held_out & set.union(*formulas.values())
    assert sorted(read_clusters(folder, FORMULAS)) == sorted(6 * sorted(held_out))


def test_the_same_molecule_elsewhere_is_dropped(raw):
    (raw / "again.xyz").write_text(
        "".join(as_xyz(moved(methane(), n), "energy=-1") for n in (8, 9))
    )
    folder = encoded(raw)
    assert read_json(folder / "manifest.json")["dropped"] == {
        "the same molecule as an earlier one": 2
    }


def test_a_mirror_image_is_the_same_molecule_and_a_stretched_one_is_not(raw):
    molecule = water()
    for path in raw.glob("*.xyz"):
        path.unlink()
    mirrored = type(molecule)(molecule.symbols, molecule.coordinates * [1, 1, -1])
    longer = type(molecule)(molecule.symbols, molecule.coordinates * 1.02)
    others = [moved(methane(), 0), moved(ethene(), 0), moved(benzene(), 0)]
    (raw / "a.xyz").write_text(
        "".join(as_xyz(each, "energy=-1") for each in (molecule, mirrored, longer, *others))
    )
    folder = encoded(raw)
    records = [each["records"] for each in read_json(folder / "manifest.json")["splits"].values()]
    assert sum(records) == 5


def test_the_same_files_give_the_same_bytes(raw):
    first, second = encoded(raw, name="first"), encoded(raw, name="second")
    for path in sorted(first.iterdir()):
        assert path.read_bytes() == (second / path.name).read_bytes()


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (as_xyz(water()), "no energy=<kcal/mol> in the comment, the second line"),
        (as_xyz(water(), "energy=nan"), "energy 'nan' is not a finite number"),
        ("3\n\nO 0 0 0\n", "line 1: 3 atoms, but 1 lines follow the comment"),
        ("", "no molecule in it"),
        (
            as_xyz(type(water())(("O", "H", "Xe"), water().coordinates), "energy=1"),
            "element Xe is unknown: molecules here are of H, C, O",
        ),
    ],
)
def test_what_cannot_be_used_is_counted_with_its_reason(raw, text, reason):
    (raw / "wrong.xyz").write_text(text)
    folder = encoded(raw, ENCODING.model_copy(update={"max_skipped": 0.1}))
    manifest = read_json(folder / "manifest.json")
    assert manifest["dropped"] == {reason: 1}
    assert manifest["skipped"][0]["reason"] == reason
    with pytest.raises(DataError, match="1 of 31 records cannot be used, more than"):
        encoded(raw, name="strict")


def test_a_folder_without_xyz_files_is_no_data_set(tmp_path):
    (tmp_path / "raw").mkdir()
    with pytest.raises(DataError, match="no xyz file in it"):
        encoded(tmp_path / "raw")


def archive(folder: Path, files: dict[str, str]) -> Path:
    folder.mkdir()
    with tarfile.open(folder / "qmllib-1.2.0.tar.gz", "w:gz") as tar:
        for name, text in files.items():
            member = tarfile.TarInfo(f"qmllib-1.2.0/tests/assets/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    return folder


def test_the_archive_has_names_energies_and_molecules(tmp_path):
    names = [f"{number:04}.xyz" for number in range(1, 11)]
    files = {
        f"qm7/{name}": as_xyz(
            type(water())(water().symbols, water().coordinates * (1 + 0.01 * number))
        )
        for number, name in enumerate(names)
    }
    table = "".join(f"{name} {-200 - i}.5 -1.0\n" for i, name in enumerate(names))
    raw = archive(tmp_path / "raw", files | {"hof_qm7.txt": table, "acsf.txt": "0"})
    folder = encoded(raw, ENCODING.model_copy(update={"reader": MoleculeReader.QM7}))
    found = {}
    for split in ("train", "validation", "test"):
        energies = Graphs.read(folder, split).energies
        listed = read_json(folder / f"{split}.molecules.json")
        found |= {each["name"]: energy for each, energy in zip(listed, energies, strict=True)}
    assert found == {f"{number:04}": -199.5 - number for number in range(1, 11)}


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"qm7/0001.xyz": as_xyz(water())}, "no hof_qm7.txt or no qm7"),
        ({"hof_qm7.txt": "0001.xyz 1 2\n"}, "no hof_qm7.txt or no qm7"),
        (
            {"hof_qm7.txt": "0002.xyz 1 2\n", "qm7/0001.xyz": as_xyz(water())},
            "1 of 1 records cannot be used.*0001.xyz: no energy in hof_qm7.txt",
        ),
    ],
)
def test_another_archive_is_refused(tmp_path, files, message):
    raw = archive(tmp_path / "raw", files)
    with pytest.raises(DataError, match=message):
        encoded(raw, ENCODING.model_copy(update={"reader": MoleculeReader.QM7}))


def test_a_damaged_archive_is_refused(tmp_path):
    raw = archive(tmp_path / "raw", {"hof_qm7.txt": "0001.xyz 1 2\n" * 1000})
    path = raw / "qmllib-1.2.0.tar.gz"
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match="run the download stage again"):
        encoded(raw, ENCODING.model_copy(update={"reader": MoleculeReader.QM7}))


def test_the_reference_recovers_energies_that_are_sums_over_atoms():
    random = np.random.default_rng(1)
    atoms = [random.integers(1, 4, size=random.integers(2, 9)) for _ in range(50)]
    energies = counts(atoms, 3) @ [-60.0, -150.0, -100.0] + 20.0
    noise = random.normal(size=50)

    exact = fit_reference(energies, atoms, 3)
    np.testing.assert_allclose(exact.by_element, [-60.0, -150.0, -100.0], atol=1e-5)
    assert exact.constant == pytest.approx(20.0, abs=1e-5)
    fitted = fit_reference(energies + noise, atoms, 3)
    targets = fitted.standardise(energies + noise, atoms)
    assert targets.mean() == pytest.approx(0, abs=1e-5) and targets.std() == pytest.approx(1)
    np.testing.assert_allclose(fitted.energies(targets, atoms), energies + noise)


def test_batches_pad_atoms_and_labels_and_standardise_energies(raw):
    graphs = Graphs.read(encoded(raw), "train")
    sizes = [len(atoms) for atoms in graphs.atoms]
    small, large = int(np.argmin(sizes)), int(np.argmax(sizes))
    batch = graphs.batch(np.array([small, large]))
    assert batch.inputs.shape == (2, sizes[large])
    assert batch.source.shape == (2, sizes[large], sizes[large])
    assert (batch.inputs[0] > 0).sum() == sizes[small]
    assert (batch.source[0] > 0).sum() == sizes[small] ** 2
    np.testing.assert_array_equal(batch.source[1].reshape(-1).numpy(), graphs.labels[large])
    back = graphs.reference.energies(
        batch.targets[:, 0].double().numpy(), [graphs.atoms[small], graphs.atoms[large]]
    )
    np.testing.assert_allclose(back, graphs.energies[[small, large]], rtol=1e-5)
