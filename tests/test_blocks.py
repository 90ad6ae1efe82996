import numpy as np
import pytest

from pipeline.block_measures import METRICS
from pipeline.blocks import (
    FILE,
    Agreement,
    Blocks,
    block_statistics,
    one_id_a_pass,
    read_blocks,
    write_blocks,
)
from pipeline.errors import DataError

BLOCKS = Blocks([[1, 3], [1, 1, 1], [2]], [Agreement.IDENTICAL, Agreement.DIFFERENT, Agreement.TIE])


def test_blocks_are_summed_by_record_and_give_the_metrics():
    """Two sequences of record 2, one of record 0, none of record 1."""
    statistics = block_statistics(BLOCKS, [2, 0, 2], 3)
    assert {name: values.tolist() for name, values in statistics.items()} == {
        "block_ids": [3, 0, 6],
        "passes": [3, 0, 3],
        "unlike_greedy": [1, 0, 0],
        "greedy_ties": [0, 0, 1],
    }
    scores = {
        metric.key: float(
            metric.compute(np.array([statistics[n].sum() for n in metric.statistics]))
        )
        for metric in METRICS
    }
    assert scores == {"mean_block": 9 / 6, "unlike_greedy": 1.0, "greedy_ties": 1.0}


def test_records_of_which_nothing_was_decoded_have_one_id_a_pass():
    """Or a resample of the few that were continued has no score."""
    sums = np.array([[0, 0], [6, 3]])
    assert METRICS[0].compute(sums).tolist() == [1.0, 2.0]


def test_sampled_sequences_have_no_agreements():
    sampled = Blocks(BLOCKS.sizes)
    statistics = block_statistics(sampled.of([0, 2]), [0, 1], 2)
    assert {name: values.tolist() for name, values in statistics.items()} == {
        "block_ids": [4, 2],
        "passes": [2, 1],
    }
    alone = one_id_a_pass(statistics, 4)
    assert alone.keys() == statistics.keys() and all((v == 1).all() for v in alone.values())


def test_what_is_written_is_read(tmp_path):
    assert read_blocks(tmp_path) is None
    write_blocks(tmp_path, BLOCKS)
    assert read_blocks(tmp_path) == BLOCKS
    (tmp_path / FILE).write_text('{"sizes": [[1]], "agreements": ["alike"]}')
    with pytest.raises(DataError, match="no blocks; run the decode stage again"):
        read_blocks(tmp_path)
