"""The real archive: what is known of it, so that a change of the parser cannot pass unseen."""

import numpy as np
import pytest

from pipeline.corpus import SPLITS, read_sequences
from pipeline.tasks.music.codec.grid import SILENCE, from_ids
from pipeline.tasks.music.encoding.encode import encode
from pipeline.tasks.music.metrics.baselines import baselines


@pytest.fixture(scope="module")
def encoded(chorales, chorales_raw, tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoded")
    return folder, encode(chorales_raw, folder, chorales.encoding)


def test_counts(encoded):
    _, manifest = encoded
    assert manifest["splits"] == {
        "train": {"records": 289, "tokens": 259248},
        "validation": {"records": 38, "tokens": 33536},
        "test": {"records": 58, "tokens": 47360},
    }
    # Of 408 records: two in five parts, and a prelude for piano.
    assert [skip["record"] for skip in manifest["skipped"]] == ["bwv227.3", "bwv27.6", "bwv846"]
    assert manifest["dropped"]["near-duplicate"] == len(manifest["near_duplicates"]) == 20
    # The same chorale of two New Year's cantatas, in C and in D.
    assert {"piece": "bwv41.6", "of": "bwv171.6", "shared": 1.0} in manifest["near_duplicates"]
    # The split is by piece; half of the hymn tunes also occur in training, harmonised otherwise.
    assert manifest["test_pieces_whose_melody_is_in_training"] == 29
    assert (manifest["notes"], manifest["notes_off_grid"]) == (91318, 7)
    assert manifest["sixteenths"] == {"shortest": 96, "median": 192, "longest": 772}


def test_the_voices_sing_in_their_ranges_in_whole_beats_without_interludes(encoded):
    folder, _ = encoded
    grids = [from_ids(ids) for split in SPLITS for ids in read_sequences(folder, split, "tokens")]
    ranges = [(57, 84), (50, 77), (45, 72), (33, 65)]  # of a choir, in MIDI pitches
    together = np.concatenate(grids)
    for pitches, (lowest, highest) in zip(together.T, ranges, strict=True):
        sung = pitches[pitches != SILENCE]
        assert lowest <= sung.min() < sung.max() <= highest
    assert all(len(grid) % 4 == 0 for grid in grids)
    assert (together == SILENCE).mean() < 0.02


def test_baselines_are_those_measured_elsewhere(encoded):
    folder, _ = encoded
    train, test = (
        [from_ids(ids) for ids in read_sequences(folder, split, "tokens")]
        for split in ("train", "test")
    )
    # Measured elsewhere, on another split: 2.647, 1.010 and 0.764.
    result = baselines(train, test)
    assert result["unigram_nats"] == pytest.approx(2.647, abs=0.08)
    assert result["bigram_nats"] == pytest.approx(1.010, abs=0.02)
    assert result["hold_accuracy"] == pytest.approx(0.764, abs=0.01)
