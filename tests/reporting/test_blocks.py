"""Blockwise decoding on the page, from the committed results of the lecture's scale."""

import json
from pathlib import Path
from statistics import fmean

import pytest

from pipeline import block_measures, config
from pipeline.reporting.blocks import Blocks, Speed, read_blocks
from pipeline.reporting.page import render
from pipeline.reporting.published import read_published
from pipeline.reporting.results import Result, finished, read_results
from pipeline.reporting.scores import tabulate
from tests.reporting.scale import ROOT


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> list[Result]:
    monkeypatch.chdir(ROOT / "lecture")
    params, _ = finished(config.load())
    return read_results(params)


@pytest.fixture
def blocks(results: list[Result]) -> Blocks:
    return read_blocks(results, read_published())


def measured(run: str, task: str, key: str) -> float:
    return json.loads(Path(f"reports/measurements/{run}.json").read_text())[task]["test"][key]


def test_networks_with_proposals_stand_with_what_they_start_from(blocks: Blocks):
    by_run = {each.result.name: each for each in blocks.networks}
    tuned = by_run["translation_blocks_4"]
    replicates = ("translation_blocks_4", "translation_blocks_4_seed_2")
    for score, key in ((tuned.mean_block, "mean_block"), (tuned.score, "bleu")):
        assert score.value == fmean(measured(run, "translation", key) for run in replicates)
        assert score.seeds == 2
    greedy = [
        json.loads(Path(f"reports/measurements/translation_relative{seed}.json").read_text())
        ["translation"]["other_searches"]["greedy"]["bleu"] for seed in ("", "_seed_2")
    ]  # fmt: skip
    assert tuned.start.value == fmean(greedy)
    frozen = by_run["translation_blocks_frozen"]
    assert frozen.score.value == frozen.start.value  # the same sentences
    chorales = by_run["music_blocks"]
    assert chorales.mean_block.value == measured("music_blocks", "music", "mean_block")
    assert chorales.metric.key == "nats_per_token"


def test_the_published_number_is_that_of_as_many_proposals_and_such_weights(blocks: Blocks):
    published = {each.result.name: each.published for each in blocks.networks}
    assert published["translation_blocks_4"].mean_block == 2.69  # Stern et al. 2018, table 1
    assert published["translation_blocks_frozen"].mean_block == 1.73
    assert published["translation_blocks_2"].mean_block == 1.78
    assert published["image_enlarged_blocks"].mean_block == 2.11  # table 2
    assert published["music_blocks"] is None


def test_speeds_are_by_the_clock_and_beside_one_id_a_pass(results, tmp_path: Path):
    file = tmp_path / "benchmarks.json"
    whats = ["blocks: chorales, 8 tuned, times as fast", "search, times as fast by the clock",
             "blocks: chorales, 8 tuned, times as fast by the clock",
             "blocks: translation, 4 tuned, beam of 4, times as fast by the clock"]  # fmt: skip
    rows = [
        {"what": what, "ours": 2.5 + at, "machine": "a machine"} for at, what in enumerate(whats)
    ]
    file.write_text(json.dumps(rows))
    blocks = read_blocks(results, read_published(), file)
    assert blocks.speeds == [Speed("chorales, 8 tuned", 4.5)]
    assert blocks.machines == ["a machine"]


def test_their_metrics_are_in_no_other_table_of_the_page(results: list[Result]):
    table = tabulate([each for each in results if each.run.dataset == "chorales"])
    keys = [metric.key for metric in table.metrics]
    without = table.without(block_measures.METRICS)
    assert "mean_block" in keys
    assert [metric.key for metric in without.metrics] == keys[: keys.index("mean_block")]
    assert [row.label for row in without.rows] == [row.label for row in table.rows]
    for row, whole in zip(without.rows, table.rows, strict=True):
        assert row.scores == whole.scores[: len(without.metrics)]


def test_a_scale_without_proposals_has_no_such_chapter(scale):
    assert read_blocks(read_results(scale), read_published()) is None
    assert 'id="blocks"' not in render(scale)
