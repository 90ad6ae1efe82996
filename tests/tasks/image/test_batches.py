import numpy as np
import pytest

from models.settings import Structure
from pipeline.corpus import write_sequences
from pipeline.tasks.image.batches import Batches
from tests.models import naive
from tests.models.networks import FULL, IMAGE, LOCAL_2D, SINUSOID_2D, settings
from tests.training.toys import image_training

HEIGHT, WIDTH = IMAGE.layout.height, IMAGE.layout.width
PIXELS = HEIGHT * WIDTH
CLASS = 100


@pytest.fixture(scope="module")
def encoded(tmp_path_factory):
    """Image n has class 100 + n, and each pixel is its raster index."""
    folder = tmp_path_factory.mktemp("encoded")
    for split, count in (("train", 7), ("validation", 5)):
        rows = [[CLASS + number, *range(PIXELS)] for number in range(count)]
        write_sequences(folder, split, "pixels", rows, np.dtype(np.int16))
    return folder


@pytest.mark.parametrize(
    ("attention", "order"),
    [
        (FULL, list(range(PIXELS))),
        (
            LOCAL_2D,
            [
                row * WIDTH + column
                for row, column in naive.blockwise_raster(LOCAL_2D, HEIGHT, WIDTH)
            ],
        ),
    ],
)
def test_images_are_predicted_in_the_generation_order(encoded, attention, order):
    model = settings(Structure.DECODER, SINUSOID_2D, attention)
    batches = Batches(encoded, model, IMAGE, image_training(batch_tokens=3 * PIXELS))
    batch = batches.batch(1)
    assert batch.targets.tolist() == [order] * 3
    assert batch.inputs[:, 1:].tolist() == [order[:-1]] * 3
    assert len(set(batch.inputs[:, 0].tolist())) == 3
    assert batch.inputs[:, 0].tolist() == [CLASS + number for number in batches.records(1)]
    classes = [row for each in batches.validation() for row in each.inputs[:, 0].tolist()]
    assert classes == [CLASS + number for number in range(5)]
