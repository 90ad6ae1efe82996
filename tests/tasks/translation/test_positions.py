import numpy as np
import pytest
import torch

from models.build import build
from models.settings import Norm, Residuals, Structure
from pipeline.corpus import write_sequences
from pipeline.tasks.translation.batches import Pairs
from pipeline.tasks.translation.metrics.positions import (
    Positions,
    correlation,
    near_diagonal,
    positions_by_layer,
    probe_r2,
)
from tests.models.baselines import CONVS2S
from tests.models.networks import NONE, SINUSOID, sequences, settings

IDS = 40


def normal(seed, *shape):
    return torch.from_numpy(np.random.default_rng(seed).normal(size=shape))


def weights_from(seed, *shape):
    return normal(seed, *shape).softmax(dim=-1)


@pytest.fixture
def encoded(tmp_path):
    """Random sentences of 4 to 24 random ids: an id says nothing of its position."""
    random = np.random.default_rng(0)
    for split in ("validation", "test"):
        for field in ("source", "target"):
            ids = [random.integers(4, IDS, random.integers(4, 25)) for _ in range(120)]
            write_sequences(tmp_path, split, field, ids, np.dtype(np.uint16))
    return tmp_path


def network(positions, **others):
    torch.manual_seed(1)
    chosen = settings(
        Structure.ENCODER_DECODER, positions, norm=Norm.PRE, d_model=64, num_layers=3, **others
    )
    return build(chosen, sequences(IDS, IDS)).eval()


# -------------------------------------------------------------------------------- the probe


def test_a_probe_finds_the_position_in_states_that_hold_it():
    mixed = normal(0, 6, 6)
    rows = [(normal(seed, 300, 6), torch.arange(300.0).double() % 20) for seed in (1, 2)]
    for states, places in rows:
        states[:, 3] = places * 0.5 - 7
    (states, places), (test_states, test_places) = rows
    assert probe_r2(states @ mixed, places, test_states @ mixed, test_places) > 0.999


def test_a_probe_finds_nothing_in_noise_and_nothing_in_equal_states():
    places = torch.arange(4000.0).double() % 20
    assert abs(probe_r2(normal(1, 4000, 6), places, normal(2, 4000, 6), places)) < 0.01
    same = torch.ones(4000, 6).double()
    assert probe_r2(same, places, same, places) == pytest.approx(0.0, abs=1e-9)


def test_a_probe_is_ridge_regression_measured_on_other_rows():
    states, other = normal(3, 50, 4), normal(4, 30, 4)
    places, others = normal(5, 50) * 3 + 9, normal(6, 30) * 3 + 9
    # The same as least squares with rows sqrt(lambda) e_i, whose target is 0, on centred features.
    centred = (states - states.mean(dim=0)).numpy()
    ridge = 1e-3 * (centred**2).sum() / 4
    rows = np.vstack([centred, np.sqrt(ridge) * np.eye(4)])
    wanted = np.concatenate([(places - places.mean()).numpy(), np.zeros(4)])
    found = np.linalg.lstsq(rows, wanted, rcond=None)[0]
    predicted = (other - states.mean(dim=0)).numpy() @ found + places.mean().item()
    errors = ((others.numpy() - predicted) ** 2).sum() / ((others - others.mean()) ** 2).sum()
    assert probe_r2(states, places, other, others) == pytest.approx(1 - errors.item(), abs=1e-12)


# ------------------------------------------------------------------------------- the diagonal


def test_near_diagonal_of_weights_made_by_hand():
    only_self, first_key = torch.eye(5), torch.zeros(5, 5)
    first_key[:, 0] = 1.0
    assert near_diagonal(torch.stack([only_self, first_key])).tolist() == [1, 1, 0.5, 0.5, 0.5]
    uniform = torch.full((1, 5, 5), 0.2)
    assert near_diagonal(uniform).tolist() == pytest.approx([0.4, 0.6, 0.6, 0.6, 0.4])


def test_correlation_of_weights_made_by_hand():
    diagonal = torch.eye(5).double()
    steep = torch.zeros(3, 7).double()
    steep[[0, 1, 2], [0, 3, 6]] = 1.0
    assert correlation(diagonal).item() == pytest.approx(1)
    assert correlation(steep).item() == pytest.approx(1)
    assert correlation(diagonal.flip(0)).item() == pytest.approx(-1)
    assert correlation(weights_from(1, 1, 7).expand(4, 7)).item() == pytest.approx(0, abs=1e-12)
    assert correlation(torch.ones(5, 1)).item() == 0.0
    assert correlation(torch.full((1, 5), 0.2)).item() == 0.0


def test_correlation_is_that_of_draws():
    weights = weights_from(2, 3, 6, 9)
    for head, measured in zip(weights, correlation(weights), strict=True):
        query, key = np.mgrid[:6, :9]
        mass = head.numpy().ravel() / 6
        covariance = np.cov(query.ravel(), key.ravel(), aweights=mass, ddof=0)
        expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
        assert measured.item() == pytest.approx(expected, abs=1e-12)


# -------------------------------------------------------------------------------- the network


def test_each_layer_is_measured_by_its_own_maps_and_states(encoded):
    model = network(SINUSOID)
    pairs = Pairs(encoded, "test")
    near, chance, across = [[], [], []], [], [[], [], []]
    for index in range(len(pairs)):
        batch = pairs.batch([index])
        internals = model.internals(batch.inputs, batch.source)
        length = batch.source.shape[1]
        for query in range(length):
            keys = [key for key in (query - 1, query, query + 1) if 0 <= key < length]
            chance.append(len(keys) / length)
            for layer, weights in enumerate(internals.encoder_attention):
                near[layer].append(weights[0, :, query, keys].sum(dim=-1).mean().item())
        for layer, weights in enumerate(internals.cross_attention):
            across[layer].append(correlation(weights[0].double()).mean().item())

    measured = positions_by_layer(model, encoded).layers

    assert list(measured) == ["layer_0", "layer_1", "layer_2", "layer_3"]
    assert set(measured["layer_0"]) == {"probe_r2"}
    for layer in range(3):
        of_layer = measured[f"layer_{layer + 1}"]
        assert of_layer["near_diagonal"] == pytest.approx(np.mean(near[layer]), abs=2e-6)
        assert of_layer["near_diagonal_chance"] == pytest.approx(np.mean(chance), abs=2e-6)
        assert of_layer["cross_correlation"] == pytest.approx(np.mean(across[layer]), abs=2e-6)
    assert not model.encoder[0]._forward_pre_hooks and not model.encoder[0]._forward_hooks


def test_a_probe_finds_sinusoids_and_no_positions_where_there_are_none(encoded):
    with_sinusoids = positions_by_layer(network(SINUSOID), encoded).layers
    without = positions_by_layer(network(NONE), encoded).layers
    assert with_sinusoids["layer_0"]["probe_r2"] > 0.99
    assert with_sinusoids["layer_3"]["probe_r2"] > 0.8
    # The end tells that it stands late, and how much it is attended to how long the sentence is.
    assert all(0 <= measured["probe_r2"] < 0.25 for measured in without.values())


def test_residual_sums_carry_positions_upward(encoded):
    kept = positions_by_layer(network(SINUSOID), encoded).layers
    lost = positions_by_layer(network(SINUSOID, residuals=Residuals.NONE), encoded).layers
    assert lost["layer_0"] == kept["layer_0"]
    assert lost["layer_3"]["probe_r2"] < 0.2 < 0.8 < kept["layer_3"]["probe_r2"]


def test_a_network_that_is_no_transformer_has_none(encoded):
    model = build(CONVS2S, sequences(IDS, IDS)).eval()
    assert positions_by_layer(model, encoded) == Positions({}, {})


def test_the_statistics_of_the_top_layer_are_those_of_its_measures(encoded):
    found = positions_by_layer(network(SINUSOID), encoded)
    sums = {name: values.sum() for name, values in found.statistics.items()}
    top = found.layers["layer_3"]
    assert 1 - sums["probe_error"] / sums["probe_deviation"] == pytest.approx(
        top["probe_r2"], abs=2e-6
    )
    assert sums["cross_correlation"] / sums["observed"] == pytest.approx(
        top["cross_correlation"], abs=2e-6
    )
