"""Estimates of molecules: errors, baselines, relations of heads, drawings."""

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from models.shared.base import Internals, Model
from pipeline.errors import DataError
from pipeline.evaluation import Evaluation, scores_of
from pipeline.files import read_json
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.codec import FIRST_BOND, SELF, MoleculeCodec
from pipeline.tasks.molecules.decoding.decode import decode
from pipeline.tasks.molecules.decoding.energies import energies_of
from pipeline.tasks.molecules.measures import MEASURES
from pipeline.tasks.molecules.metrics.drawings import drawings, flat
from pipeline.tasks.molecules.metrics.estimates import read_estimates
from pipeline.tasks.molecules.metrics.evaluate import evaluate
from pipeline.tasks.molecules.metrics.relations import attention_by_label, relations
from pipeline.tasks.molecules.settings import MoleculeDecoding, MoleculeEvaluation
from tests.tasks.evaluations import assert_scores_follow_from_records
from tests.tasks.molecules.networks import ENCODING, encoded_in, network
from tests.tasks.molecules.shapes import benzene, moved

EVALUATION = MoleculeEvaluation(
    bootstrap_samples=40, bootstrap_seed=1, batch_molecules=4, shown_molecules=3
)


@pytest.fixture
def encoded(tmp_path: Path) -> Path:
    return encoded_in(tmp_path, ENCODING.model_copy(update={"held_out_formulas": 0.2}))


@pytest.fixture
def model(encoded: Path) -> Model:
    return network(MoleculeCodec.of(read_json(encoded / "manifest.json")))


def evaluated(model: Model, encoded: Path) -> Evaluation:
    samples = encoded.parent / "samples"
    samples.mkdir()
    decode(model, encoded, samples, MoleculeDecoding(batch_molecules=4))
    return evaluate(model, encoded, samples, EVALUATION)


def test_energies_do_not_depend_on_the_batch_and_invert_the_standardisation(model, encoded):
    graphs = Graphs.read(encoded, "train")
    at_once, one_by_one = energies_of(model, graphs, 100), energies_of(model, graphs, 1)
    np.testing.assert_allclose(at_once, one_by_one, atol=1e-4)
    batch = graphs.batch(np.array([2]))
    with torch.no_grad():
        nats = model.nats(batch.inputs, batch.targets, batch.source).item()
    error = abs(at_once[2] - graphs.energies[2])
    assert nats == pytest.approx(error / graphs.reference.scale + math.log(2), abs=1e-4)


def test_errors_are_those_of_the_written_estimates(model, encoded):
    evaluation = evaluated(model, encoded)
    scores = scores_of(evaluation.records["test"], MEASURES.metrics, EVALUATION)
    evaluation.metrics["test"].update(scores)
    assert_scores_follow_from_records(evaluation, MEASURES)
    for split in ("test", "test_formulas"):
        rows, estimates = read_estimates(encoded.parent / "samples" / f"{split}.csv")
        energies = np.array([float(row["energy"]) for row in rows])
        records = evaluation.records[split].statistics
        np.testing.assert_allclose(records["absolute_error"], np.abs(estimates - energies))
        assert (records["accurate"] == (np.abs(estimates - energies) <= 1.0)).all()
        assert [row["name"] for row in evaluation.details[split]] == [row["name"] for row in rows]


def test_baselines_are_the_mean_and_the_sum_over_elements(model, encoded):
    evaluation = evaluated(model, encoded)
    train, test = Graphs.read(encoded, "train"), Graphs.read(encoded, "test")
    mean = np.abs(train.energies.mean() - test.energies).mean()
    linear = np.abs(test.reference.of(test.atoms) - test.energies).mean()
    assert evaluation.metrics["baseline"] == {
        "mean": pytest.approx(mean, abs=1e-6),
        "linear": pytest.approx(linear, abs=1e-6),
    }


class Attending(Model):
    """Two heads: one attends to bonded atoms alone, the other to all alike."""

    def __init__(self, model: Model) -> None:
        super().__init__()
        self.settings, self.shape, self.head = model.settings, model.shape, model.head

    def forward(self, inputs, source=None):
        raise NotImplementedError

    def internals(self, inputs, source=None):
        bonded = (source >= FIRST_BOND) & (source < FIRST_BOND + 4)
        real = (inputs > 0).double()
        alike = real[:, None, :].expand(-1, inputs.shape[1], -1)
        heads = [
            each / each.sum(-1, keepdim=True).clamp(min=1) for each in (bonded.double(), alike)
        ]
        return Internals(encoder_attention=[torch.stack(heads, dim=1)])


def test_the_head_that_attends_to_bonds_is_found(model, encoded):
    validation, test = Graphs.read(encoded, "validation"), Graphs.read(encoded, "test")
    found = relations(Attending(model), encoded, 4, validation, test)
    best = found.metrics["best"]
    assert (best["layer"], best["head"], best["relation"]) == (0, 0, "single bond")
    sizes = np.array([len(atoms) for atoms in test.atoms])
    single = np.array([(labels == FIRST_BOND).sum() for labels in test.labels])
    assert best["pairs"] == pytest.approx((single / sizes).sum() / sizes.sum(), abs=1e-6)
    np.testing.assert_allclose(found.statistics["relation_pairs"], single / sizes)
    # Each atom gives all its attention to its bonds: of those that are single, their share.
    expected = []
    for labels, size in zip(test.labels, sizes, strict=True):
        matrix = labels.reshape(size, size)
        bonds = (matrix >= FIRST_BOND) & (matrix < FIRST_BOND + 4)
        expected.append(((matrix == FIRST_BOND).sum(1) / bonds.sum(1)).sum())
    np.testing.assert_allclose(found.statistics["on_relation"], expected)


def test_attention_and_pairs_are_shared_out_completely(model, encoded):
    test = Graphs.read(encoded, "test")
    measured = attention_by_label(model, test, 3)
    everything = np.broadcast_to(measured.atoms[:, None, None], measured.on.shape[:-1])
    np.testing.assert_allclose(measured.on.sum(axis=-1), everything, rtol=1e-5)
    np.testing.assert_allclose(measured.pairs.sum(axis=-1), measured.atoms)
    np.testing.assert_allclose(measured.pairs[:, SELF], 1.0)


def test_a_network_without_attention_finds_nothing(encoded, model):
    class Silent(Attending):
        def internals(self, inputs, source=None):
            return None

    test = Graphs.read(encoded, "test")
    found = relations(Silent(model), encoded, 4, test, test)
    assert (found.metrics, found.statistics) == ({}, {})
    shown = drawings(Silent(model), encoded, test, test.energies, 2)
    assert [molecule["weights"] for molecule in shown["molecules"]] == [[], []]


def test_drawings_have_the_bonds_and_the_weights(model, encoded):
    test = Graphs.read(encoded, "test")
    estimates = np.arange(len(test), dtype=float)
    shown = drawings(model, encoded, test, estimates, 3)["molecules"]
    spread = [0, (len(test) - 1) // 2, len(test) - 1]
    for index, molecule in zip(spread, shown, strict=True):
        count = len(molecule["atoms"])
        assert molecule["estimate"] == index
        labels = np.array(molecule["labels"])
        for i, j, kind in molecule["bonds"]:
            assert i < j and labels[i, j] == FIRST_BOND + kind
        weights = np.array(molecule["weights"])
        assert weights.shape == (2, 2, count, count)
        np.testing.assert_allclose(weights.sum(axis=-1), 1000, atol=count)


def test_a_flat_molecule_is_drawn_as_it_is():
    """Benzene lies in a plane, in which no atom hides another."""
    places = benzene().coordinates
    drawn = flat(moved(benzene(), 4).coordinates)
    between = [
        np.sort(np.linalg.norm(p[:, None] - p[None], axis=-1).ravel()) for p in (places, drawn)
    ]
    np.testing.assert_allclose(*between, atol=0.03)


def test_no_atom_of_ethane_hides_another():
    """Seen along the plane of its carbons and two hydrogens, each of the others would be hidden."""
    turn = np.radians([0, 120, 240])
    ring = np.stack([np.cos(turn), np.sin(turn), 0 * turn], axis=-1)
    hydrogens = np.concatenate([ring + [0, 0, 1.16], -ring - [0, 0, 1.16]])
    drawn = flat(np.concatenate([[[0, 0, 0.76], [0, 0, -0.76]], hydrogens]))
    apart = np.linalg.norm(drawn[:, None] - drawn[None], axis=-1)
    assert (apart + np.diag(np.full(8, np.inf))).min() > 0.4


def test_damaged_estimates_are_refused(tmp_path):
    path = tmp_path / "test.csv"
    with pytest.raises(DataError, match="run the decode stage again"):
        read_estimates(path)
    path.write_text("name,formula,energy,estimate\n1,CH4,-1.0,low\n")
    with pytest.raises(DataError, match="run the decode stage again"):
        read_estimates(path)
