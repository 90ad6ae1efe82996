from collections import Counter

import numpy as np
import pytest

from models.settings import Structure
from pipeline.corpus import write_sequences
from pipeline.tasks.translation.batches import Batches
from pipeline.tasks.translation.codec import BOS, EOS, PAD
from pipeline.training.loss import IGNORED
from tests.models.networks import sequences, settings
from tests.training.toys import training

MODEL = settings(Structure.ENCODER_DECODER)
SHAPE = sequences(inputs=500, outputs=500)
PAIRS = 300


@pytest.fixture(scope="module")
def encoded(tmp_path_factory):
    """Pair n is made of the ids n + 4 alone, so that a row of a batch says which pair it is."""
    folder = tmp_path_factory.mktemp("encoded")
    random = np.random.default_rng(1)
    for split, count in (("train", PAIRS), ("validation", 40)):
        lengths = random.geometric(0.15, size=count)
        lengths[7] = 90  # longer than a batch
        other = np.maximum(1, lengths + random.integers(-2, 3, size=count))
        for field, sizes in (("source", other), ("target", lengths)):
            rows = [np.full(size, number + 4) for number, size in enumerate(sizes)]
            write_sequences(folder, split, field, rows, np.dtype(np.int16))
    return folder


def _batches(encoded, seed=1, batch_tokens=60):
    return Batches(encoded, MODEL, SHAPE, training(seed=seed, batch_tokens=batch_tokens))


def _epoch(batches, epoch=0):
    steps = batches._per_epoch
    return [batches.batch(1 + epoch * steps + turn) for turn in range(steps)]


def _pairs(batch):
    return [number - 4 for number in batch.targets[:, 0].tolist()]


@pytest.mark.parametrize("epoch", [0, 1, 5])
def test_each_pair_is_dealt_once_per_epoch(encoded, epoch):
    batches = _epoch(_batches(encoded), epoch)
    assert Counter(pair for batch in batches for pair in _pairs(batch)) == Counter(range(PAIRS))


def test_source_and_target_of_a_row_are_the_same_pair(encoded):
    for batch in _epoch(_batches(encoded)):
        assert batch.source[:, 0].tolist() == batch.targets[:, 0].tolist()
        assert (batch.inputs[:, 0] == BOS).all()


def test_a_batch_is_a_function_of_seed_and_step(encoded):
    first, second = _batches(encoded), _batches(encoded)
    steps = 2 * first._per_epoch
    forward = [_pairs(first.batch(step)) for step in range(1, steps + 1)]
    backward = [_pairs(second.batch(step)) for step in range(steps, 0, -1)]
    assert forward == backward[::-1]
    other = _batches(encoded, seed=2)
    assert forward != [_pairs(other.batch(step)) for step in range(1, steps + 1)]


def test_the_records_of_a_batch_are_its_pairs(encoded):
    batches = _batches(encoded)
    for number in range(1, 2 * batches._per_epoch):
        assert batches.records(number).tolist() == _pairs(batches.batch(number))


def test_every_epoch_is_dealt_anew(encoded):
    batches = _batches(encoded)
    first, second = ([_pairs(batch) for batch in _epoch(batches, epoch)] for epoch in (0, 1))
    assert len(first) == len(second)
    assert first != second


@pytest.mark.parametrize("batch_tokens", [1, 30, 60, 400])
def test_a_batch_exceeds_its_size_only_for_one_longer_pair(encoded, batch_tokens):
    batches = _batches(encoded, batch_tokens=batch_tokens)
    for batch in [*_epoch(batches), *batches.validation()]:
        if len(batch.targets) > 1:
            assert batch.targets.numel() <= batch_tokens
            assert batch.source.numel() <= batch_tokens


def test_little_of_a_batch_is_padding(encoded):
    batches = _epoch(_batches(encoded, batch_tokens=200))
    positions = sum(batch.targets.numel() for batch in batches)
    padding = sum(int((batch.targets == IGNORED).sum()) for batch in batches)
    assert padding / positions < 0.15  # of batches in no order, a half
    assert positions / len(batches) > 0.75 * 200  # and batches are full


def test_a_row_is_shifted_by_the_begin_and_closed_by_the_end(encoded):
    for batch in _epoch(_batches(encoded))[:10]:
        for inputs, targets, source in zip(
            batch.inputs.tolist(), batch.targets.tolist(), batch.source.tolist(), strict=True
        ):
            counted = [target for target in targets if target != IGNORED]
            assert targets[: len(counted)] == counted
            assert counted[-1] == EOS
            assert inputs[: len(counted)] == [BOS, *counted[:-1]]
            assert set(inputs[len(counted) :]) <= {PAD}
            kept = [token for token in source if token != PAD]
            assert source[: len(kept)] == kept
            assert kept[-1] == EOS


def test_validation_holds_each_pair_once(encoded):
    pairs = [pair for batch in _batches(encoded).validation() for pair in _pairs(batch)]
    assert Counter(pairs) == Counter(range(40))
