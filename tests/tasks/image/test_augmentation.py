import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import Structure
from pipeline.corpus import write_sequences
from pipeline.errors import ConfigError
from pipeline.tasks.image.batches import Batches
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.codec.augmentation import (
    Augmenter,
    flipped,
    hue_rotated,
    rotated,
    shifted,
)
from pipeline.tasks.image.settings import Augmentation
from tests.models.networks import FULL, SINUSOID_2D, settings
from tests.training.toys import image_training

NONE = {"flip": 0.0, "crop": 0, "rotation": 0.0, "hue": 0.0, "noise": 0.0}
EVERY = {"flip": 0.5, "crop": 1, "rotation": 20.0, "hue": 0.2, "noise": 3.0}
CODEC = ImageCodec(height=4, width=4, channels=3, levels=256, classes=2)


def images(count=5, size=6, channels=3, seed=0):
    random = np.random.default_rng(seed)
    return random.integers(0, 256, (count, size, size, channels)).astype(float)


def ids(count, seed=0):
    labels = np.arange(count) % CODEC.classes
    return CODEC.encode_all(labels, images(count, 4, seed=seed).astype(int))


def test_only_the_chosen_images_are_mirrored():
    pixels = images(2)

    mirrored = flipped(pixels, np.array([True, False]))

    assert np.array_equal(mirrored[0], np.flip(pixels[0], axis=1))
    assert np.array_equal(mirrored[1], pixels[1])


def test_a_crop_repeats_the_edge():
    pixels = images(2)

    down_right, up = shifted(pixels, np.array([[2, 1], [-1, 0]]))

    assert np.array_equal(down_right[:4, :5], pixels[0, 2:, 1:])
    assert np.array_equal(down_right[4:, :5], pixels[0, 5:, 1:].repeat(2, axis=0))
    assert np.array_equal(up[1:], pixels[1, :-1]) and np.array_equal(up[0], pixels[1, 0])


@given(st.integers(0, 1000), st.integers(-2, 2), st.integers(2, 7))
def test_quarter_turns_are_exact_and_counter_clockwise(seed, quarters, size):
    pixels = images(1, size, seed=seed)

    turned = rotated(pixels, np.array([90.0 * quarters]))

    assert turned[0] == pytest.approx(np.rot90(pixels[0], quarters), abs=1e-9)


def test_a_small_turn_of_a_slope_is_another_slope():
    slope = np.broadcast_to(np.arange(9.0)[None, None, :, None], (1, 9, 9, 1))

    turned = rotated(slope, np.array([30.0]))[0, :, :, 0]

    inside = np.s_[3:-3, 3:-3]
    assert np.diff(turned, axis=1)[inside] == pytest.approx(np.cos(np.radians(30)))
    assert np.diff(turned, axis=0)[inside] == pytest.approx(-np.sin(np.radians(30)))


def test_a_third_of_a_turn_makes_red_green_and_greys_stay():
    pixels = np.array([[[[200.0, 10, 30], [90, 90, 90]]]])

    turned = hue_rotated(pixels, np.array([1 / 3]))

    assert turned[0, 0, 0] == pytest.approx([30, 200, 10])
    assert turned[0, 0, 1] == pytest.approx([90, 90, 90])
    assert hue_rotated(turned, np.array([-1 / 3])) == pytest.approx(pixels)


def test_nothing_asked_for_is_the_identity():
    augmenter = Augmenter(Augmentation(**NONE), CODEC)

    assert np.array_equal(augmenter.augment(ids(7), np.random.default_rng(0)), ids(7))


@pytest.mark.parametrize("kind", EVERY)
def test_each_kind_varies_pixels_within_the_levels_and_keeps_classes(kind):
    augmenter = Augmenter(Augmentation(**(NONE | {kind: EVERY[kind]})), CODEC)

    augmented = augmenter.augment(ids(40), np.random.default_rng(0))

    assert np.array_equal(augmented[:, 0], ids(40)[:, 0])
    CODEC.check(augmented)
    assert (augmented != ids(40)).any(axis=1).mean() > 0.3
    one = augmenter.augment(ids(1).repeat(20, axis=0), np.random.default_rng(0))
    assert len(np.unique(one, axis=0)) > 1


def test_noise_has_the_deviation_that_was_asked_for():
    codec = ImageCodec(32, 32, 1, 256, 1)
    grey = codec.encode_all(np.zeros(4, int), np.full((4, 32, 32, 1), 128))

    noisy = Augmenter(Augmentation(**(NONE | {"noise": 5.0})), codec).augment(
        grey, np.random.default_rng(0)
    )

    assert noisy[:, 1:].std() == pytest.approx(5.0, rel=0.05)


def test_grey_images_have_no_hue():
    with pytest.raises(ConfigError, match=r"augmentation\.hue = 0\.2, but the images are grey"):
        Augmenter(Augmentation(**EVERY), ImageCodec(4, 4, 1, 17, 10))


def batches(encoded, augmentation, seed=1):
    model = settings(Structure.DECODER, SINUSOID_2D, FULL)
    training = image_training(batch_tokens=3 * CODEC.dimensions, seed=seed)
    training = training.model_copy(update={"augmentation": augmentation})
    return Batches(encoded, model, CODEC.shape, training)


def test_batches_are_varied_by_seed_and_step_and_validation_never_is(tmp_path):
    for split, count in (("train", 6), ("validation", 4)):
        write_sequences(tmp_path, split, "pixels", ids(count), np.dtype(np.uint16))
    every = Augmentation(**EVERY)
    plain, augmented, again, other = (
        batches(tmp_path, augmentation, seed)
        for augmentation, seed in ((None, 1), (every, 1), (every, 1), (every, 2))
    )

    step = augmented.batch(5)
    assert step.targets.equal(again.batch(5).targets)  # whatever was asked for before
    assert step.inputs[:, 0].equal(plain.batch(5).inputs[:, 0])
    assert not step.targets.equal(plain.batch(5).targets)
    first, next_epoch = augmented.batch(1).targets, augmented.batch(3).targets
    assert not first.sort(dim=0).values.equal(next_epoch.sort(dim=0).values)
    assert not step.targets.equal(other.batch(5).targets)
    for unvaried, validation in zip(plain.validation(), augmented.validation(), strict=True):
        assert validation.targets.equal(unvaried.targets)
