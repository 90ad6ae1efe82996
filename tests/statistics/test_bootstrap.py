"""Resampling: against naive loops, closed forms, and what must not matter."""

import numpy as np
import pytest

from pipeline.statistics import bootstrap
from pipeline.statistics.bootstrap import Scores, interval, resample
from pipeline.statistics.compute import ratio


def ratios(records: int, seed: int = 4) -> np.ndarray:
    """Nats and tokens (record, 2) of records of different lengths."""
    random = np.random.default_rng(seed)
    tokens = random.integers(50, 150, records)
    return np.stack([tokens * random.normal(0.5, 0.1, records), tokens], axis=1)


def of_means(values: np.ndarray) -> np.ndarray:
    return np.stack([values, np.ones_like(values)], axis=-1)


def naive_scores(statistics, clusters, resamples, seed) -> list[float]:
    """One resample after another, each cluster's records gathered as often as it is drawn."""
    names = list(dict.fromkeys(clusters))
    members = [[i for i, each in enumerate(clusters) if each == name] for name in names]
    random = np.random.default_rng([seed])
    scores = []
    for _ in range(resamples):
        drawn = random.integers(len(names), size=len(names))
        gathered = [record for cluster in drawn for record in members[cluster]]
        scores.append(statistics[gathered, 0].sum() / statistics[gathered, 1].sum())
    return scores


@pytest.mark.parametrize("records_per_cluster", [1, 3])
def test_resamples_are_those_of_a_naive_loop(records_per_cluster, monkeypatch):
    monkeypatch.setattr(bootstrap, "_CHUNK", 100)  # a few resamples at once
    statistics = ratios(60)
    clusters = [f"page {record % (60 // records_per_cluster)}" for record in range(60)]
    (found,) = resample([statistics[None]], clusters, ratio, 50, seed=7)
    score = statistics[:, 0].sum() / statistics[:, 1].sum()
    assert found.observed == pytest.approx([score], rel=1e-12)
    naive = naive_scores(statistics, clusters, 50, seed=7)
    assert found.resampled[0] == pytest.approx(naive, rel=1e-12)
    assert found.clusters == 60 // records_per_cluster
    assert interval(statistics, clusters, ratio, 50, seed=7) == pytest.approx(
        np.percentile(naive, (2.5, 97.5)), rel=1e-12
    )


def test_the_interval_of_a_mean_is_the_normal_one():
    values = np.random.default_rng(3).normal(5.0, 2.0, 4000)
    low, high = interval(of_means(values), range(4000), ratio, 2000, seed=1)
    half = 1.96 * values.std() / np.sqrt(4000)
    assert low == pytest.approx(values.mean() - half, abs=0.1 * half)
    assert high == pytest.approx(values.mean() + half, abs=0.1 * half)


def test_the_interval_of_a_ratio_is_that_of_the_delta_method():
    statistics = ratios(4000)
    sums, counts = statistics.T
    score = sums.sum() / counts.sum()
    half = 1.96 * (sums - score * counts).std() / counts.mean() / np.sqrt(4000)
    low, high = interval(statistics, range(4000), ratio, 2000, seed=1)
    assert low == pytest.approx(score - half, abs=0.1 * half)
    assert high == pytest.approx(score + half, abs=0.1 * half)


def test_the_interval_of_clusters_is_that_of_their_means():
    random = np.random.default_rng(5)
    of_cluster = random.normal(0.0, 1.0, 500)
    values = np.repeat(of_cluster, 8) + random.normal(0.0, 0.1, 4000)
    clusters = np.repeat(np.arange(500), 8)
    low, high = interval(of_means(values), clusters, ratio, 2000, seed=1)
    half = 1.96 * values.reshape(500, 8).mean(axis=1).std() / np.sqrt(500)
    assert high - low == pytest.approx(2 * half, rel=0.1)
    low_of_records, high_of_records = interval(of_means(values), range(4000), ratio, 2000, seed=1)
    # Records that are alike are no eight observations: the interval is sqrt(8) times as wide.
    assert (high - low) / (high_of_records - low_of_records) == pytest.approx(np.sqrt(8), rel=0.1)


def test_records_that_are_not_alike_have_the_same_interval_in_clusters():
    values = np.random.default_rng(6).normal(0.0, 1.0, 4000)
    widths = [
        np.ptp(interval(of_means(values), clusters, ratio, 2000, seed=1))
        for clusters in (np.repeat(np.arange(500), 8), range(4000))
    ]
    assert widths[0] == pytest.approx(widths[1], rel=0.1)


def test_the_names_of_clusters_and_the_order_within_them_do_not_matter():
    statistics, clusters = ratios(60), np.arange(60) // 4
    first = resample([statistics[None]], clusters, ratio, 100, seed=1)[0].resampled
    renamed = [f"{(7 * cluster) % 15} of 15" for cluster in clusters]
    assert np.array_equal(first, resample([statistics[None]], renamed, ratio, 100, 1)[0].resampled)
    order = np.concatenate([np.random.default_rng(1).permutation(4) + 4 * c for c in range(15)])
    moved = resample([statistics[None, order]], clusters, ratio, 100, seed=1)[0].resampled
    assert moved == pytest.approx(first, rel=1e-12)


def test_the_order_of_records_changes_the_draws_and_nothing_else():
    statistics, clusters = ratios(400), np.arange(400) // 2
    order = np.random.default_rng(2).permutation(400)
    (first,) = resample([statistics[None]], clusters, ratio, 2000, seed=1)
    (moved,) = resample([statistics[None, order]], clusters[order], ratio, 2000, seed=1)
    assert moved.observed == pytest.approx(first.observed, rel=1e-12)
    assert not np.array_equal(moved.resampled, first.resampled)
    assert moved.resampled.std() == pytest.approx(first.resampled.std(), rel=0.1)


def test_longer_records_weigh_more():
    low, high = interval(np.array([[900.0, 900], [0.0, 100]]), "ab", ratio, 100, seed=1)
    assert (low, high) == (0.0, 1.0)  # both drawn: 0.9, one of them twice: 1 or 0


def test_equal_records_leave_no_doubt_and_the_seed_decides():
    assert interval(np.array([[3.0, 2.0]] * 9), range(9), ratio, 50, seed=1) == (1.5, 1.5)
    statistics = of_means(np.arange(20.0))
    first, again, other = (interval(statistics, range(20), ratio, 50, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_arms_share_their_clusters_whatever_their_number():
    first, second = ratios(40, seed=1)[None], ratios(40, seed=2)[None]
    both = resample([first, second], range(40), ratio, 30, seed=3)
    alone = resample([second], range(40), ratio, 30, seed=3)
    assert np.array_equal(both[1].resampled, alone[0].resampled)


def test_every_seed_of_an_arm_has_the_scores_that_it_has_alone():
    arm = np.stack([ratios(40, seed) for seed in (1, 2, 3)])
    (found,) = resample([arm], range(40), ratio, 30, seed=3)
    alone = [resample([each[None]], range(40), ratio, 30, seed=3)[0] for each in arm]
    assert found.observed == pytest.approx([each.observed[0] for each in alone])
    assert found.resampled == pytest.approx(np.concatenate([each.resampled for each in alone]))


def test_scores_are_subtracted_with_their_resamples():
    found = Scores(np.array([1.0]), np.array([[0.5, 1.5]]), 5)
    rest = found.minus(Scores(np.array([0.25]), np.array([[0.0, 1.0]]), 5))
    assert (rest.observed.tolist(), rest.resampled.tolist()) == ([0.75], [[0.5, 0.5]])
    assert rest.clusters == 5


@pytest.mark.parametrize(
    ("shape", "clusters"), [((1, 3, 2), 4), ((3, 2), 3), ((1, 0, 2), 0), ((0, 3, 2), 3)]
)
def test_statistics_that_do_not_fit_their_clusters_are_refused(shape, clusters):
    with pytest.raises(ValueError, match="must be .seed, record, statistic."):
        resample([np.ones(shape)], range(clusters), ratio, 10, seed=1)
