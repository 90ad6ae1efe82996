"""Molecules as the page draws them."""

import json
import re

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.reporting.results import read_results
from pipeline.tasks.molecules.reporting.molecules import arc, read_molecules
from tests.reporting.scale import write_scale

RUN = "molecules_attention"


@pytest.fixture
def result(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    params = write_scale(tmp_path)
    return next(each for each in read_results(params) if each.name == RUN)


def test_water_has_two_bonds_and_an_arc_from_each_atom(result):
    shown = read_molecules(result)
    (drawing,) = shown.drawings
    assert drawing.formula_with_subscripts == "H₂O"
    assert (drawing.formula, drawing.energy, drawing.estimate) == ("H2O", -219.3, -221.0)
    oxygen, *hydrogens = drawing.atoms
    assert oxygen.y < hydrogens[0].y == hydrogens[1].y and hydrogens[1].x < oxygen.x
    assert [dashed for _, dashed in drawing.bonds] == [False, False]
    assert drawing.bonds[0][0] == f"M{oxygen.x} {oxygen.y}L{hydrogens[0].x} {hydrogens[0].y}"
    # Of the best head, number 2: each atom looks at itself, with 80 %.
    assert [opacity for _, opacity in drawing.arcs] == [round(0.8**0.5, 3)] * 3
    assert all("a8 8" in path for path, _ in drawing.arcs)
    assert json.loads(drawing.data)["labels"][1] == [2, 1, 6]


def test_everything_lies_inside_the_drawing(result):
    (drawing,) = read_molecules(result).drawings
    for atom in drawing.atoms:
        assert atom.radius < atom.x < drawing.width - atom.radius
        assert atom.radius < atom.y < drawing.height - atom.radius


def test_an_arc_bends_to_one_side_and_back_to_the_other():
    there, back = (
        [float(number) for number in re.findall(r"-?[\d.]+", path)]
        for path in (
            arc(np.array([0.0, 0]), np.array([10.0, 0])),
            arc(np.array([10.0, 0]), np.array([0.0, 0])),
        )
    )
    assert there[:2] == back[-2:] == [0, 0] and there[-2:] == back[:2] == [10, 0]
    assert there[3] == -back[3] != 0


def test_a_damaged_file_is_named_with_the_remedy(result):
    path = result.records / "molecules.json"
    content = json.loads(path.read_text())
    del content["molecules"][0]["bonds"]
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match=f"run `dvc repro evaluate@{RUN}`"):
        read_molecules(result)
