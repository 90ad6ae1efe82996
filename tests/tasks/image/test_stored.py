import io

import numpy as np

from pipeline.tasks.image.encoding.raw import Image
from pipeline.tasks.image.encoding.stored import PixelFile, store
from tests.tasks.image.pictures import noise


def test_images_of_several_splits_follow_one_another_and_are_read_in_any_order():
    pixels = PixelFile(io.BytesIO(), (4, 5, 3))
    images = [noise(4, 5, seed=seed) for seed in (1, 2, 1, 3)]
    records = [Image(each, label, 7) for label, each in enumerate(images)]

    first = store(records[:2], pixels)
    second = store(iter(records[2:]), pixels)

    assert first.indices.tolist() == [0, 1] and second.indices.tolist() == [2, 3]
    assert second.labels.tolist() == [2, 3] and second.clusters.tolist() == [7, 7]
    assert first.digests[0] == second.digests[0] and len({*first.digests, *second.digests}) == 3
    for index in (3, 0, 2, 1):
        assert np.array_equal(pixels.read(index), images[index])
    assert second.take(np.array([False, True])).indices.tolist() == [3]


def test_no_images_are_arrays_of_none():
    images = store([], PixelFile(io.BytesIO(), (1, 1, 1)))

    assert len(images) == 0 and images.take(np.zeros(0, bool)).labels.dtype == np.int64
