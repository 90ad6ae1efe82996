from pathlib import Path

import numpy as np
import pytest

from pipeline.corpus import SPLITS
from pipeline.encoding.splits import check_not_empty, draw_splits
from pipeline.errors import DataError
from pipeline.settings.base import Splits

SHARES = Splits(validation=0.2, test=0.3, seed=1)


def counts(drawn) -> tuple[int, ...]:
    return tuple(len(drawn[split]) for split in SPLITS)


def test_every_record_is_in_one_split_in_its_order():
    drawn = draw_splits(np.arange(10), SHARES)
    assert counts(drawn) == (5, 2, 3)
    assert sorted(np.concatenate(list(drawn.values()))) == list(range(10))
    assert all((np.diff(which) > 0).all() for which in drawn.values())


def test_the_draw_is_the_permutation_of_the_seed():
    order = np.random.default_rng([1]).permutation(10)
    drawn = draw_splits(np.arange(10), SHARES)
    assert drawn["test"].tolist() == sorted(order[:3])
    assert drawn["validation"].tolist() == sorted(order[3:5])


def test_another_seed_draws_others_and_another_share_of_validation_the_same_test_set():
    drawn = draw_splits(np.arange(100), SHARES)
    other = draw_splits(np.arange(100), Splits(validation=0.2, test=0.3, seed=2))
    longer = draw_splits(np.arange(100), Splits(validation=0.4, test=0.3, seed=1))
    assert counts(drawn) == counts(other) == (50, 20, 30)
    assert drawn["test"].tolist() != other["test"].tolist()
    assert counts(longer) == (30, 40, 30)
    assert drawn["test"].tolist() == longer["test"].tolist()


def test_groups_stay_whole_and_shares_are_of_groups():
    groups = np.repeat(np.arange(10), np.arange(1, 11))[::-1]  # 55 records
    drawn = draw_splits(groups, SHARES)
    members = {split: set(groups[which].tolist()) for split, which in drawn.items()}
    assert counts(members) == (5, 2, 3)
    assert len(set.union(*members.values())) == 10
    assert sum(counts(drawn)) == 55
    # Numbers without order are groups too.
    renamed = draw_splits(groups * 7 + 3, SHARES)
    assert {split: which.tolist() for split, which in renamed.items()} == {
        split: which.tolist() for split, which in drawn.items()
    }


def test_the_shares_hold_in_every_stratum_each_with_a_draw_of_its_own():
    strata = np.tile(np.arange(3), 20)
    drawn = draw_splits(np.arange(60), SHARES, strata)
    for split, count in (("train", 10), ("validation", 4), ("test", 6)):
        assert np.bincount(strata[drawn[split]]).tolist() == [count] * 3
        assert (np.diff(drawn[split]) > 0).all()
    ranks = [sorted(drawn["test"][strata[drawn["test"]] == k] // 3) for k in range(3)]
    assert ranks[0] != ranks[1] != ranks[2]
    alone = draw_splits(np.arange(20), SHARES)
    assert ranks[0] == alone["test"].tolist()  # one stratum is as none


def test_a_split_that_comes_with_the_data_gets_nothing():
    drawn = draw_splits(np.arange(10), SHARES, given=("train", "test"))
    assert counts(drawn) == (8, 2, 0)
    assert counts(draw_splits(np.arange(0), SHARES)) == (0, 0, 0)


def test_an_empty_split_is_an_error():
    splits = {"train": [1, 2], "validation": [], "test": [3]}
    message = (
        "^data/raw/mine: 3 records leave split 'validation' empty; enlarge its share in "
        "encoding.splits, or use more records$"
    )
    with pytest.raises(DataError, match=message):
        check_not_empty(Path("data/raw/mine"), splits)
    check_not_empty(Path("data/raw/mine"), splits | {"validation": [4]})
