import numpy as np
import pytest

from models.settings import Structure
from pipeline.corpus import write_sequences
from pipeline.tasks.music.batches import Batches
from pipeline.tasks.music.codec import events, grid
from pipeline.tasks.music.codec.augmentation import augmenter
from pipeline.tasks.music.settings import Augmentation
from tests.models.networks import settings
from tests.training.toys import music_training

MODEL = settings(Structure.DECODER)
BOTH = Augmentation(transpose=3, stretch=[0.95, 1.0, 1.05])
KEYS = Augmentation(transpose=3, stretch=[1.0])


def melody(pitches, velocity: int = 64) -> np.ndarray:
    """A note of half a second for each pitch, one after the other."""
    starts = range(0, 50 * len(pitches), 50)
    rows = [
        (start, start + 50, pitch, velocity) for start, pitch in zip(starts, pitches, strict=True)
    ]
    return events.to_ids(events.Notes.of(rows))


def crops(pitches, augmentation=BOTH, length: int = 12, draws: int = 200) -> list[events.Decoded]:
    random = np.random.default_rng(1)
    change = augmenter(augmentation, events.SHAPE)
    ids = melody(pitches)
    found = [change.crop(ids, length, random) for _ in range(draws)]
    assert all(len(ids) == length for ids in found)
    return [events.from_ids(ids) for ids in found]


def test_all_keys_and_tempi_are_drawn_and_nothing_else():
    drawn = {(d.notes.pitch[0] - 60, d.notes.end[0]) for d in crops([60, 62, 64, 65])}
    assert drawn == {(shift, length) for shift in range(-3, 4) for length in (48, 50, 53)}


def test_a_crop_is_transposed_as_a_whole():
    for decoded in crops([60, 62, 64, 65]):
        assert np.diff(decoded.notes.pitch)[:2].tolist() == [2, 2]
        assert decoded.unmatched_offs == decoded.restruck == 0


@pytest.mark.parametrize(
    ("pitches", "shifts"),
    [([126, 120, 120, 120], range(-3, 2)), ([0, 9, 9, 9], range(4)), ([0, 127, 9, 9], range(1))],
)
def test_only_keys_in_which_all_pitches_are_in_range_are_drawn(pitches, shifts):
    found = {decoded.notes.pitch[0] - pitches[0] for decoded in crops(pitches, length=14)}
    assert found == set(shifts)


def test_a_chorale_keeps_its_silence_and_its_start_in_another_key():
    random = np.random.default_rng(1)
    change = augmenter(KEYS, grid.SHAPE)
    ids = np.array([grid.START, 60, grid.SILENCE, 55, 48], grid.IDS)
    found = {tuple(change.crop(ids, 5, random).tolist()) for _ in range(200)}
    assert found == {
        (grid.START, 60 + shift, grid.SILENCE, 55 + shift, 48 + shift) for shift in range(-3, 4)
    }


@pytest.fixture
def encoded(tmp_path):
    pieces = [melody(range(40, 80)), melody(range(80, 40, -1))]
    for split in ("train", "validation"):
        write_sequences(tmp_path, split, "tokens", pieces, events.IDS)
    return tmp_path


def batches(encoded, augmentation=BOTH, seed=1) -> Batches:
    training = music_training(crop=30, seed=seed, batch_tokens=90, augmentation=augmentation)
    return Batches(encoded, MODEL, events.SHAPE, training)


def test_the_draws_are_a_function_of_seed_and_step(encoded):
    first = [batches(encoded).batch(step).inputs.tolist() for step in range(1, 9)]
    assert first == [batches(encoded).batch(step).inputs.tolist() for step in range(1, 9)]
    assert first != [batches(encoded, seed=2).batch(step).inputs.tolist() for step in range(1, 9)]


def test_crops_are_the_same_ones_as_without_and_validation_is_as_it_is(encoded):
    plain, changed = batches(encoded, None), batches(encoded)
    for step in range(1, 9):
        assert np.array_equal(plain.records(step), changed.records(step))
        assert changed.batch(step).inputs.shape == plain.batch(step).inputs.shape == (3, 30)
    for one, other in zip(plain.validation(), changed.validation(), strict=True):
        assert one.inputs.equal(other.inputs)


def test_no_augmentation_is_the_identity(encoded):
    same = Augmentation(transpose=0, stretch=[1.0])
    for step in range(1, 9):
        assert (
            batches(encoded, same)
            .batch(step)
            .inputs.equal(batches(encoded, None).batch(step).inputs)
        )
