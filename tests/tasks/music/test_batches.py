import numpy as np
import pytest

from models.settings import Structure
from pipeline.corpus import write_sequences
from pipeline.errors import ConfigError
from pipeline.tasks.music.batches import Batches
from pipeline.tasks.music.codec.grid import SHAPE
from pipeline.training.loss import IGNORED
from tests.models.networks import settings
from tests.training.toys import music_training

MODEL = settings(Structure.DECODER)
START, VOICES = 129, 4
SIXTEENTHS = [10, 2, 7, 4]  # of the training pieces; a crop of 16 positions holds 4


def _piece(sixteenths: int, first: int) -> np.ndarray:
    """START, then ids that count up from `first`, which is a multiple of the voices."""
    return np.array([START, *range(first, first + VOICES * sixteenths)])


@pytest.fixture(scope="module")
def encoded(tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoded")
    pieces = [_piece(length, 0 if length < 10 else 40) for length in SIXTEENTHS]
    write_sequences(folder, "train", "tokens", pieces, np.dtype(np.int16))
    validation = [_piece(9, 0), _piece(4, 40)]
    write_sequences(folder, "validation", "tokens", validation, np.dtype(np.int16))
    return folder


def _batches(encoded, crop=16, seed=1):
    settings = music_training(crop=crop, seed=seed, batch_tokens=3 * 16)
    return Batches(encoded, MODEL, SHAPE, settings)


def test_crops_begin_with_the_first_voice_of_a_16th(encoded):
    batches = _batches(encoded)
    for step in range(1, 100):
        batch = batches.batch(step)
        assert batch.targets.shape == batch.inputs.shape == (3, 16)
        for inputs, targets in zip(batch.inputs.tolist(), batch.targets.tolist(), strict=True):
            assert targets[0] % VOICES == 0
            assert inputs[0] in (START, targets[0] - 1)
            counted = [target for target in targets if target != IGNORED]
            assert targets[: len(counted)] == counted
            assert counted == list(range(counted[0], counted[0] + len(counted)))
            assert inputs[1 : len(counted)] == counted[:-1]


def test_only_a_piece_that_is_shorter_than_a_crop_is_padded(encoded):
    batches = _batches(encoded)
    rows = [row for step in range(1, 100) for row in batches.batch(step).targets.tolist()]
    assert {row.count(IGNORED) for row in rows} == {0, 16 - 2 * VOICES}


def test_the_records_of_a_batch_are_the_pieces_of_its_crops(encoded):
    batches = _batches(encoded)
    for number in range(1, 100):
        targets = batches.batch(number).targets
        for row, piece in zip(targets.tolist(), batches.records(number), strict=True):
            assert (row[0] >= 40) == (SIXTEENTHS[piece] == 10)
            assert (IGNORED in row) == (SIXTEENTHS[piece] == 2)


def test_a_piece_is_drawn_by_its_length_and_its_crops_alike(encoded):
    batches = _batches(encoded)
    draws = 3 * 2000
    counts: dict[tuple[int, ...], int] = {}
    for step in range(1, 2001):
        for inputs in batches.batch(step).inputs.tolist():
            counts[tuple(inputs)] = counts.get(tuple(inputs), 0) + 1
    # 7 + 1 + 4 + 1 crops; of those with START, that of the last piece begins the third piece too
    assert len(counts) == 12
    of_piece = {
        sixteenths: draws * sixteenths / sum(SIXTEENTHS) / max(1, sixteenths - 4 + 1)
        for sixteenths in SIXTEENTHS
    }
    for crop, count in counts.items():
        if crop[-1] == 0:  # padded
            expected = of_piece[2]
        elif crop[-1] >= 40:
            expected = of_piece[10]
        else:
            expected = of_piece[7] + (crop[0] == START) * of_piece[4]
        assert abs(count - expected) < 5 * expected**0.5


def test_a_batch_is_a_function_of_seed_and_step(encoded):
    forward = [_batches(encoded).batch(step).inputs.tolist() for step in range(1, 20)]
    assert forward == [_batches(encoded).batch(step).inputs.tolist() for step in range(1, 20)]
    other = _batches(encoded, seed=2)
    assert forward != [other.batch(step).inputs.tolist() for step in range(1, 20)]
    assert forward[0] != forward[1]


def test_validation_predicts_each_token_once(encoded):
    targets = [
        target
        for batch in _batches(encoded).validation()
        for target in batch.targets.flatten().tolist()
        if target != IGNORED
    ]
    assert sorted(targets) == sorted([*range(36), *range(40, 56)])


@pytest.mark.parametrize("crop", [None, 15])
def test_a_crop_that_cuts_a_chord_is_refused(encoded, crop):
    with pytest.raises(ConfigError, match=f"training.crop = {crop} has to be a multiple of the 4"):
        _batches(encoded, crop=crop)
