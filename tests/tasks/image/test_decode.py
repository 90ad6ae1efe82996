import hashlib
import io
import json

import numpy as np
import pytest
import torch
from PIL import Image

from models.build import build
from models.shared.order import block_order
from pipeline.corpus import write_sequences
from pipeline.errors import ConfigError
from pipeline.settings.base import Method, Sampling
from pipeline.tasks.image.decoding import decode as drawing
from pipeline.tasks.image.decoding.decode import decode, png_grid
from pipeline.tasks.image.settings import ImageDecoding
from tests.tasks.image.counting import Counting
from tests.tasks.image.networks import LOCAL, SHAPE, settings

every_attention = pytest.mark.parametrize("attention", LOCAL.values(), ids=LOCAL)
GREY = 128


def decoding(completed_images=3, seed=1, temperatures=(1.0,)):
    return ImageDecoding(
        sampling=Sampling(seed=seed, temperature=1.0, top_k=None, top_p=1.0),
        method=Method.SEQUENTIAL,
        samples_per_class=2,
        completed_images=completed_images,
        completions_per_image=4,
        completion_temperatures=list(temperatures),
    )


@pytest.fixture
def encoded(tmp_path):
    folder = tmp_path / "encoded"
    folder.mkdir()
    images = np.random.default_rng(0).integers(0, 17, (5, 16))
    ids = np.hstack([np.arange(17, 22)[:, None], images])
    write_sequences(folder, "test", "pixels", ids, np.dtype(np.uint16))
    return folder


@pytest.fixture
def samples(tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    return folder


def cells_of(path, rows, columns, height=4, width=4):
    """The grey values (row, column, height, width) of a grid; all else is checked to be a gap."""
    page = np.array(Image.open(path))
    assert page.shape == ((rows * (height + 1) - 1) * 4, (columns * (width + 1) - 1) * 4)
    blocks = page.reshape(page.shape[0] // 4, 4, page.shape[1] // 4, 4)
    assert (blocks == blocks[:, :1, :, :1]).all()
    padded = np.full((rows * (height + 1), columns * (width + 1)), GREY)
    padded[:-1, :-1] = blocks[:, 0, :, 0]
    cells = padded.reshape(rows, height + 1, columns, width + 1).swapaxes(1, 2)
    assert (cells[:, :, height] == GREY).all() and (cells[:, :, :, width] == GREY).all()
    return cells[:, :, :height, :width]


def shades(intensities):
    return np.rint(np.asarray(intensities) * 255 / 16).astype(int)


@every_attention
def test_a_network_that_counts_draws_in_generation_order(encoded, samples, attention):
    decode(Counting(settings(attention), SHAPE, 100.0), encoded, samples, decoding())

    cells = cells_of(samples / "conditional.png", rows=10, columns=2)
    order = block_order(attention, 4, 4)
    for label in range(10):
        expected = shades((label + np.arange(16)) % 17)
        for column in range(2):
            assert cells[label, column].ravel()[order].tolist() == expected.tolist()


def test_images_of_classes_are_drawn_in_groups_and_each_group_is_written(
    encoded, samples, monkeypatch
):
    monkeypatch.setattr(drawing, "_BATCH_IMAGES", 6)  # three classes of two images
    written = []
    monkeypatch.setattr(drawing, "write_atomically", lambda path, content: written.append(content))
    network = Counting(settings(LOCAL["local_1d"]), SHAPE, 100.0)
    decode(network, encoded, samples, decoding())

    *grids, _ = written  # the last is that of completions
    for number, content in enumerate(grids, start=1):
        (samples / "grid.png").write_bytes(content)
        cells = cells_of(samples / "grid.png", rows=10, columns=2)
        finished = [not (row == GREY).all() for row in cells]
        assert finished == [label < 3 * number for label in range(10)]
    assert len(grids) == 4
    expected = [shades((label + np.arange(16)) % 17).tolist() for label in range(10)]
    assert cells[:, 1].reshape(10, 16).tolist() == expected


def test_groups_differ_where_their_classes_do_not(encoded, samples, monkeypatch):
    monkeypatch.setattr(drawing, "_BATCH_IMAGES", 4)  # two classes of two images
    torch.manual_seed(1)
    network = build(settings(LOCAL["local_1d"]), SHAPE).eval()
    with torch.no_grad():
        network.embedding.tokens.weight[17:] = network.embedding.tokens.weight[17]
    decode(network, encoded, samples, decoding())

    cells = cells_of(samples / "conditional.png", rows=10, columns=2)
    assert len({cell.tobytes() for cell in cells.reshape(20, 16)}) == 20


def test_completions_are_written_after_each_temperature(encoded, samples, monkeypatch):
    written = []
    monkeypatch.setattr(drawing, "write_atomically", lambda path, content: written.append(content))
    network = Counting(settings(LOCAL["local_1d"]), SHAPE, 100.0)
    decode(network, encoded, samples, decoding(temperatures=(0.5, 1.0, 2.0)))

    grids = written[1:]  # the first is that of the classes
    assert len(grids) == 3
    for number, content in enumerate(grids, start=1):
        (samples / "grid.png").write_bytes(content)
        drawn = cells_of(samples / "grid.png", rows=3, columns=14)[:, 2:]
        finished = (drawn != GREY).any(axis=(2, 3))
        assert finished.tolist() == [[column < 4 * number for column in range(12)]] * 3


@every_attention
def test_completions_keep_the_upper_half_and_continue_it(encoded, samples, attention):
    decode(Counting(settings(attention), SHAPE, 100.0), encoded, samples, decoding())

    cells = cells_of(samples / "completions.png", rows=3, columns=6)
    originals = np.load(encoded / "test.pixels.ids.npy").reshape(5, 17)[:3, 1:].reshape(3, 4, 4)
    assert np.array_equal(cells[:, 0], shades(originals))
    assert np.array_equal(cells[:, 1, :2], shades(originals[:, :2]))
    assert (cells[:, 1, 2:] == GREY).all()
    order = block_order(attention, 4, 4)
    for row in range(3):
        last = originals[row].ravel()[order[7]]
        for column in range(2, 6):
            assert np.array_equal(cells[row, column, :2], shades(originals[row, :2]))
            drawn = cells[row, column].ravel()[order[8:]]
            assert drawn.tolist() == shades((last + 1 + np.arange(8)) % 17).tolist()


def test_samples_json_says_what_the_grids_show(encoded, samples):
    network = build(settings(LOCAL["local_1d"]), SHAPE).eval()
    decode(network, encoded, samples, decoding())

    assert json.loads((samples / "samples.json").read_text()) == {
        "conditional": {
            "file": "conditional.png",
            "rows": 10,
            "columns": 2,
            "row_classes": list(range(10)),
            "temperature": 1.0,
        },
        "completions": {
            "file": "completions.png",
            "rows": 3,
            "columns": 6,
            "column_titles": ["original", "given"] + ["at 1.0"] * 4,
            "row_classes": [0, 1, 2],
            "temperatures": [1.0],
        },
    }


@every_attention
def test_equal_seeds_give_equal_bytes_and_other_seeds_other_images(encoded, samples, attention):
    torch.manual_seed(1)
    network = build(settings(attention), SHAPE).eval()
    digests = []
    for seed in (1, 1, 2):
        decode(network, encoded, samples, decoding(seed=seed))
        digests.append(
            {path.name: hashlib.sha256(path.read_bytes()).digest() for path in samples.iterdir()}
        )

    assert digests[0] == digests[1]
    assert digests[0]["conditional.png"] != digests[2]["conditional.png"]
    assert digests[0]["completions.png"] != digests[2]["completions.png"]


def test_completions_of_an_image_differ_from_each_other(encoded, samples):
    torch.manual_seed(1)
    decode(build(settings(LOCAL["local_1d"]), SHAPE).eval(), encoded, samples, decoding())

    cells = cells_of(samples / "completions.png", rows=3, columns=6)
    assert len({cells[0, column].tobytes() for column in range(2, 6)}) == 4


def test_completions_are_drawn_at_every_temperature(encoded, samples):
    torch.manual_seed(1)
    network = build(settings(LOCAL["local_1d"]), SHAPE).eval()
    decode(network, encoded, samples, decoding(temperatures=(1e-4, 1.0)))

    images = np.load(samples / "completions.npy").astype(int)
    assert images.shape == (2, 3, 4, 4, 4, 1)
    cold, warm = ({image.tobytes() for image in drawn[0]} for drawn in images)
    assert (len(cold), len(warm)) == (1, 4)
    cells = cells_of(samples / "completions.png", rows=3, columns=10)
    assert np.array_equal(cells[:, 2:6], shades(images[0, ..., 0]))
    assert np.array_equal(cells[:, 6:], shades(images[1, ..., 0]))
    facts = json.loads((samples / "samples.json").read_text())["completions"]
    assert facts["temperatures"] == [1e-4, 1.0]
    assert facts["column_titles"][2:] == ["at 0.0001"] * 4 + ["at 1.0"] * 4


def test_more_completed_images_than_the_test_split_has_is_an_error(encoded, samples):
    network = build(settings(LOCAL["local_1d"]), SHAPE).eval()

    with pytest.raises(ConfigError, match="completed_images = 6, but the test split has 5"):
        decode(network, encoded, samples, decoding(completed_images=6))
    assert list(samples.iterdir()) == []  # told before anything is drawn


def test_a_grid_has_a_gap_of_one_block_between_images_and_none_around():
    cells = np.array([[[[0, 255]], [[10, 20]]]], np.uint8)[..., None]

    page = np.array(Image.open(io.BytesIO(png_grid(cells))))

    assert page.shape == (4, 20)
    assert page[0, ::4].tolist() == [0, 255, GREY, 10, 20]
    assert page[3, 3::4].tolist() == [0, 255, GREY, 10, 20]


def test_a_grid_of_colour_images_keeps_their_channels():
    cells = np.array([[[[[10, 20, 30]]], [[[40, 50, 60]]]]], np.uint8)

    page = np.array(Image.open(io.BytesIO(png_grid(cells))))

    assert page.shape == (4, 12, 3)
    assert page[0, ::4].tolist() == [[10, 20, 30], [GREY] * 3, [40, 50, 60]]
