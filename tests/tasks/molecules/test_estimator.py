"""The command `energy`: molecules of an xyz file, each on a line, and what is refused."""

import io
import re
import sys

import numpy as np
import pytest

from models import store
from pipeline.errors import ConfigError, DataError
from pipeline.files import read_json
from pipeline.tasks.molecules import command
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.codec import MoleculeCodec
from pipeline.tasks.molecules.decoding.energies import energies_of
from tests.tasks.molecules.networks import encoded_in, network
from tests.tasks.molecules.shapes import as_xyz, benzene, methane, moved, water
from tests.test_config import DEFAULT

RUN = "molecules_attention"


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """A scale in which the run has a model, untrained, and small molecules as data."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(DEFAULT.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "data/encoded").mkdir(parents=True)
    encoded_in(tmp_path).rename(tmp_path / "data/encoded/qm7")
    codec = MoleculeCodec.of(read_json(tmp_path / "data/encoded/qm7/manifest.json"))
    folder = tmp_path / f"runs/{RUN}/model"
    folder.mkdir(parents=True)
    store.save(network(codec), folder)
    return tmp_path


def estimate(path: str | None, run: str = RUN) -> None:
    command.run(command.parse(["--run", run, *([path] if path else [])]))


def test_each_molecule_gets_a_line_with_the_error_to_expect(scale, capsys):
    (scale / "three.xyz").write_text("".join(map(as_xyz, (water(), methane(), benzene()))))
    estimate("three.xyz")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == ["H2O", "CH4", "C6H6"]
    model, validation = (
        store.load(scale / f"runs/{RUN}/model"),
        Graphs.read(scale / "data/encoded/qm7", "validation"),
    )
    error = np.abs(energies_of(model, validation, 64) - validation.energies).mean()
    assert all(line.endswith(f"± {error:.1f}") for line in lines)


def test_a_moved_molecule_has_the_same_energy(scale, capsys):
    (scale / "moved.xyz").write_text("".join(as_xyz(moved(water(), seed)) for seed in range(5)))
    estimate("moved.xyz")
    assert len({*capsys.readouterr().out.splitlines()}) == 1


def test_standard_input_is_read_without_a_file(scale, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(as_xyz(water()).encode())))
    estimate(None)
    assert re.fullmatch(r"H2O -?\d+\.\d ± \d+\.\d\n", capsys.readouterr().out)


def test_what_training_did_not_have_is_refused_and_the_others_are_estimated(scale, capsys):
    xenon = type(water())(("O", "H", "Xe"), water().coordinates)
    bohrs = type(methane())(methane().symbols, methane().coordinates * 1.8897)
    (scale / "some.xyz").write_text("".join(map(as_xyz, (water(), xenon, bohrs, methane()))))
    with pytest.raises(DataError, match="some.xyz: 2 of 4 molecules are not estimated"):
        estimate("some.xyz")
    told = capsys.readouterr()
    assert [line.split()[0] for line in told.out.splitlines()] == ["H2O", "CH4"]
    assert "some.xyz: molecule 2: element Xe is unknown: molecules here are of H, C, O" in told.err
    assert "some.xyz: molecule 3: atom 1 (C) has no bond, its nearest neighbour is" in told.err


@pytest.mark.parametrize(
    ("text", "message"),
    [("", "no molecule in it"), ("3\n\nO 0 0 0\n", "1 of 1 molecules are not estimated")],
)
def test_broken_files_are_refused(scale, capsys, text, message):
    (scale / "broken.xyz").write_text(text)
    with pytest.raises(DataError, match=message):
        estimate("broken.xyz")


def test_a_run_of_another_task_does_not_estimate(scale):
    with pytest.raises(ConfigError, match="task = image does not estimate energies"):
        estimate("water.xyz", "image_local_1d")
