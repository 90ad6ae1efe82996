import numpy as np
import pytest
import torch
from torch.nn import functional as F

from pipeline.tasks.image.demonstrations.equivariance.demonstration import demonstrate
from pipeline.tasks.image.demonstrations.equivariance.shifts import (
    differences,
    mirrored,
    paste,
    shifted,
)
from pipeline.tasks.image.demonstrations.settings import Equivariance

PIECE = torch.tensor([[3, 1, 2], [4, 1, 5]])


def neighbours(ids):
    """The sum of a pixel and of the two on its right: a convolution that knows the order."""
    return F.pad(ids.double(), (0, 2)).unfold(1, 3, 1).sum(dim=-1, keepdim=True)


def where(ids):
    """The intensity, the row and the column: what an absolute position says."""
    rows, columns = torch.meshgrid(*map(torch.arange, ids.shape), indexing="ij")
    return torch.stack((ids, rows, columns), dim=-1).double()


def test_a_piece_stands_where_it_is_placed():
    assert paste(PIECE, (3, 5), 1, 2).tolist() == [
        [0, 0, 0, 0, 0],
        [0, 0, 3, 1, 2],
        [0, 0, 4, 1, 5],
    ]


def test_a_convolution_commutes_with_shifts_and_knows_the_order():
    nothing = {"mean": 0.0, "largest": 0.0}
    assert shifted(neighbours, PIECE, (8, 9), (1, 1), 2) == nothing
    assert mirrored(neighbours, PIECE, (8, 9), (1, 1))["mean"] > 0.1


def test_an_absolute_position_changes_by_the_shift():
    features = where(paste(PIECE, (8, 9), 1, 1))[1:3, 1:4]
    found = shifted(where, PIECE, (8, 9), (1, 1), 2)
    assert found["largest"] == pytest.approx(2 / features.std().item())
    assert found["mean"] == pytest.approx(found["largest"] * 2 / 3)


def test_on_one_row_a_piece_moves_right_alone():
    def after(ids):
        return torch.cat((torch.zeros(1), ids[0].cumsum(0)[:-1])).double()[None, :, None]

    assert shifted(after, PIECE[:1], (1, 9), (0, 1), 3)["largest"] == 0.0


def test_differences_are_in_standard_deviations():
    before = torch.tensor([1.0, 3.0, 5.0])  # of standard deviation 2
    assert differences(before, before + torch.tensor([1.0, 0.0, -4.0])) == {
        "mean": pytest.approx(5 / 6),
        "largest": pytest.approx(2.0),
    }


def test_relative_attention_commutes_with_shifts_as_convolution_does():
    settings = Equivariance(
        task="image", kind="equivariance", dataset="photographs", seed=1, photograph="a.png",
        top=0, left=0, size=4, shifts=[1, 2],
    )  # fmt: skip
    piece = np.random.default_rng(0).integers(0, 256, (4, 4, 3)).astype(np.uint8)
    figures, numbers = demonstrate(piece, settings)
    assert figures["placed"].shape == figures["moved"].shape == (22, 22)
    assert figures["moved"][10:14, 10:14].tolist() == piece.mean(axis=2).round().tolist()
    for table in numbers.values():
        largest = {
            name: {done: value["largest"] for done, value in found.items()}
            for name, found in table.items()
        }
        for name in ("none", "shaw_relative", "skewed_relative", "convolution"):
            assert largest[name]["shift_1"] == largest[name]["shift_2"] == 0.0
        for name in ("sinusoid", "learned"):
            assert min(largest[name]["shift_1"], largest[name]["shift_2"]) > 0.1
        assert {name for name, found in largest.items() if found["mirrored"] == 0.0} == {"none"}
    local = numbers["image"]
    assert local["local_none"]["shift_2"]["largest"] == 0.0  # a whole block
    assert local["local_none"]["shift_1"]["mean"] > 0.1
    assert local["local_sinusoid"]["shift_2"]["mean"] > 0.1
