import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipeline.errors import DataError
from pipeline.tasks.image.codec import ImageCodec
from tests.models.networks import images, sequences

CODEC = ImageCodec(height=2, width=3, channels=1, levels=17, classes=10)
COLOUR = ImageCodec(height=1, width=2, channels=3, levels=256, classes=1)


def test_the_class_comes_first_and_pixels_follow_in_raster_order():
    ids = CODEC.encode(4, np.array([[0, 1, 2], [14, 15, 16]])[..., None])

    assert ids.tolist() == [21, 0, 1, 2, 14, 15, 16]


def test_the_channels_of_a_pixel_follow_one_another():
    ids = COLOUR.encode(0, np.array([[[255, 1, 2], [3, 4, 5]]]))

    assert ids.tolist() == [256, 255, 1, 2, 3, 4, 5]
    assert COLOUR.decode(ids)[1].tolist() == [[[255, 1, 2], [3, 4, 5]]]


def test_many_images_are_encoded_as_one_by_one():
    pixels = np.random.default_rng(0).integers(0, 17, (4, 2, 3, 1))
    ids = CODEC.encode_all(np.arange(4), pixels)

    assert ids.tolist() == [CODEC.encode(i, pixels[i]).tolist() for i in range(4)]
    labels, decoded = CODEC.decode_all(ids)
    assert labels.tolist() == [0, 1, 2, 3] and np.array_equal(decoded, pixels)


@given(
    st.integers(0, 9),
    st.lists(st.integers(0, 16), min_size=6, max_size=6),
)
def test_decode_inverts_encode_and_encode_inverts_decode(label, intensities):
    pixels = np.array(intensities).reshape(2, 3, 1)

    ids = CODEC.encode(label, pixels)
    decoded_label, decoded_pixels = CODEC.decode(ids)

    assert decoded_label == label and np.array_equal(decoded_pixels, pixels)
    assert CODEC.encode(decoded_label, decoded_pixels).tolist() == ids.tolist()


def test_classes_are_inputs_and_never_outputs():
    assert CODEC.shape == images(2, 3, inputs=27, outputs=17)
    assert ImageCodec.of(CODEC.shape) == CODEC


def test_a_shape_without_height_is_not_that_of_images():
    with pytest.raises(DataError, match="no height and width"):
        ImageCodec.of(sequences(inputs=27, outputs=17))


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([16, 0, 0, 0, 0, 0, 0], r"class id 16 at position 0 is not in 17\.\.26"),
        ([27, 0, 0, 0, 0, 0, 0], r"class id 27 at position 0 is not in 17\.\.26"),
        ([17, 0, 17, 0, 0, 0, 0], r"intensity 17 at position 1 is not in 0\.\.16"),
        ([17, 0, 0, 0, 0, 0, -1], r"intensity -1 at position 5 is not in 0\.\.16"),
        ([17, 0, 0, 0, 0, 0], r"expected one class and 2 \* 3 \* 1 intensities"),
        ([], r"expected one class and 2 \* 3 \* 1 intensities"),
    ],
)
def test_ids_out_of_range_are_named(ids, message):
    with pytest.raises(DataError, match=message):
        CODEC.decode(ids)


@pytest.mark.parametrize(
    ("label", "pixels", "message"),
    [
        (10, np.zeros((2, 3, 1), int), r"class 10 .* is not in 0\.\.9"),
        (-1, np.zeros((2, 3, 1), int), r"class -1 .* is not in 0\.\.9"),
        (0, np.full((2, 3, 1), 17), r"intensity 17 .* is not in 0\.\.16"),
        (0, np.zeros((3, 2, 1), int), r"shape \(3, 2, 1\), expected \(2, 3, 1\)"),
    ],
)
def test_images_out_of_range_are_named(label, pixels, message):
    with pytest.raises(DataError, match=message):
        CODEC.encode(label, pixels)
