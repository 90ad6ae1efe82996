"""Super-resolution from batches to metrics: what it draws, what it costs, how it is compared."""

import json
import math

import numpy as np
import pytest
import torch
from PIL import Image

from models.build import build
from models.settings import Embeddings, Norm, PositionsAt, Structure, TransformerSettings
from models.shared.order import generation_order
from pipeline.corpus import write_sequences
from pipeline.settings.base import Method, Sampling
from pipeline.tasks.image.batches import Batches
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.decoding.decode import decode
from pipeline.tasks.image.measures import MEASURES
from pipeline.tasks.image.metrics.evaluate import evaluate
from pipeline.tasks.image.metrics.statistics import BICUBIC_PSNR, psnr
from pipeline.tasks.image.metrics.super_resolution import bicubic_bits, measure, statistics_of
from pipeline.tasks.image.settings import ImageDecoding, ImageEvaluation
from tests.models import networks
from tests.models.comparison import all_logits
from tests.tasks.evaluations import assert_scores_follow_from_records, write_clusters
from tests.tasks.image.networks import LOCAL, SHAPE
from tests.training.toys import image_training

CODEC = ImageCodec.of(SHAPE.model_copy(update={"inputs": 18}))
COLOUR = ImageCodec(height=4, width=6, channels=3, levels=17, classes=1)
COUNTS = {"train": 9, "validation": 4, "test": 5}


def random_pixels(count: int, codec: ImageCodec = CODEC, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, codec.levels, (count, *codec.size))


def pixels_of(split: str, codec: ImageCodec) -> np.ndarray:
    """The images of a split; those of training are darker and vary less."""
    pixels = random_pixels(COUNTS[split], codec, seed=list(COUNTS).index(split))
    return pixels // 4 if split == "train" else pixels


def settings_of(codec: ImageCodec, **others) -> TransformerSettings:
    return networks.settings(
        Structure.ENCODER_DECODER,
        networks.SINUSOID_2D,
        LOCAL["local_2d"],
        Norm.PRE,
        embeddings=Embeddings.SEPARATE if codec.channels == 1 else Embeddings.CHANNELS,
        super_resolution=2,
        **others,
    )


@pytest.fixture(params=[CODEC, COLOUR], ids=["grey", "colour"])
def codec(request):
    return request.param


@pytest.fixture
def network(codec):
    torch.manual_seed(1)
    return build(settings_of(codec), codec.shape).eval()


@pytest.fixture
def encoded(codec, tmp_path):
    folder = tmp_path / "encoded"
    folder.mkdir()
    for split, count in COUNTS.items():
        ids = codec.encode_all(np.zeros(count, np.int64), pixels_of(split, codec))
        write_sequences(folder, split, "pixels", ids, ids.dtype)
    write_clusters(folder, **COUNTS)
    return folder


def decoding(seed=1, temperatures=(1.0,), completed_images=3) -> ImageDecoding:
    return ImageDecoding(
        sampling=Sampling(seed=seed, temperature=1.0, top_k=None, top_p=1.0),
        method=Method.SEQUENTIAL,
        samples_per_class=None,
        completed_images=completed_images,
        completions_per_image=4,
        completion_temperatures=list(temperatures),
    )


@pytest.fixture
def samples(tmp_path):
    folder = tmp_path / "samples"
    folder.mkdir()
    return folder


def test_a_smaller_image_has_the_mean_of_each_square_and_channel(codec):
    pixels = random_pixels(3, codec)
    smaller = codec.downsample(pixels, 2)
    for image, row, column, channel in np.ndindex(smaller.shape):
        square = pixels[image, 2 * row : 2 * row + 2, 2 * column : 2 * column + 2, channel]
        assert smaller[image, row, column, channel] == round(square.sum() / 4)
    assert np.array_equal(codec.sources(pixels, 2), smaller.reshape(3, -1) + 1)


def test_interpolation_is_bicubic_in_every_channel_and_keeps_constants(codec):
    smaller = codec.downsample(random_pixels(3, codec), 2)
    larger = codec.upsample(smaller)
    assert larger.shape == (3, *codec.size) and larger.min() >= 0 and larger.max() <= 16
    plane = Image.fromarray(smaller[1, ..., -1].astype(np.float32))
    expected = np.asarray(plane.resize((codec.width, codec.height), Image.Resampling.BICUBIC))
    assert np.array_equal(larger[1, ..., -1], np.rint(expected).clip(0, 16))
    assert (codec.upsample(np.full_like(smaller, 7)) == 7).all()


def test_batches_have_the_source_of_each_image(codec, network, encoded):
    training = image_training(batch_tokens=3 * codec.dimensions)
    batches = Batches(encoded, network.settings, codec.shape, training)
    for number, batch in ((1, batches.batch(1)), (None, batches.validation()[0])):
        order = generation_order(network.settings, codec.shape.layout)
        pixels = np.empty((len(batch.targets), codec.dimensions), np.int64)
        pixels[:, order] = batch.targets.numpy()
        expected = codec.sources(pixels.reshape(-1, *codec.size), 2)
        assert np.array_equal(batch.source.numpy(), expected), number
        assert (batch.source > 0).all()


def test_enlargements_are_drawn_and_shown_beside_what_is_given(codec, network, encoded, samples):
    decode(network, encoded, samples, decoding(temperatures=(1e-4, 1.0)))
    images = np.load(samples / "completions.npy").astype(int)
    assert images.shape == (2, 3, 4, *codec.size)
    assert [len({each.tobytes() for each in drawn[0]}) for drawn in images] == [1, 4]
    facts = json.loads((samples / "samples.json").read_text())
    assert facts == {
        "completions": {
            "file": "completions.png",
            "rows": 3,
            "columns": 11,
            "column_titles": ["original", "given", "bicubic"] + ["at 0.0001"] * 4 + ["at 1.0"] * 4,
            "row_classes": [0, 0, 0],
            "temperatures": [1e-4, 1.0],
        }
    }
    page = np.array(Image.open(samples / "completions.png"))[::4, ::4]
    page = page.reshape(*page.shape[:2], codec.channels)
    padded = np.pad(page, ((0, 1), (0, 1), (0, 0)))
    cells = padded.reshape(3, codec.height + 1, 11, codec.width + 1, codec.channels)
    cells = cells[:, :-1, :, :-1].swapaxes(1, 2)
    original = pixels_of("test", codec)[:3]
    given = codec.downsample(original, 2)
    shown = (original, given.repeat(2, axis=1).repeat(2, axis=2), codec.upsample(given))
    for column, expected in enumerate([*shown, images[0, :, 0], images[1, :, 3]]):
        where = column if column < 4 else 10
        assert np.array_equal(cells[:, where], np.rint(expected * 255 / 16))


def test_a_draw_depends_on_its_own_source(codec, network, encoded, samples):
    """The likeliest pixel of each image is that of the network alone with its source."""
    decode(network, encoded, samples, decoding(temperatures=(1e-4,)))
    drawn = np.load(samples / "completions.npy")[0]
    order = generation_order(network.settings, codec.shape.layout)
    source = torch.from_numpy(codec.sources(pixels_of("test", codec)[:3], 2))
    for image in range(3):
        ids = torch.from_numpy(drawn[image, 1].reshape(1, -1)[:, order].astype(np.int64))
        inputs = torch.cat((torch.tensor([[17]]), ids[:, :-1]), dim=1)
        with torch.no_grad():
            logits = all_logits(network, inputs, source[image, None])
        assert torch.equal(logits.argmax(dim=-1), ids)


def test_only_the_first_rows_are_shown_of_many_images(network, encoded, samples, monkeypatch):
    monkeypatch.setattr("pipeline.tasks.image.decoding.decode._MAX_ROWS", 2)
    decode(network, encoded, samples, decoding(completed_images=5))
    assert np.load(samples / "completions.npy").shape[1] == 5
    assert json.loads((samples / "samples.json").read_text())["completions"]["rows"] == 2


def test_bits_are_given_the_source_and_beside_them_stands_interpolation(
    codec, network, encoded, samples
):
    decode(network, encoded, samples, decoding(temperatures=(0.5, 1.0)))
    evaluation = ImageEvaluation(bootstrap_samples=50, bootstrap_seed=1, batch_images=2)
    evaluated = evaluate(network, encoded, samples, evaluation)
    assert_scores_follow_from_records(evaluated, MEASURES)
    found = evaluated.metrics

    test = pixels_of("test", codec)
    order = generation_order(network.settings, codec.shape.layout)
    ids = torch.from_numpy(np.hstack([np.full((5, 1), 17), test.reshape(5, -1)[:, order]]))
    nats = network.nats(ids[:, :-1], ids[:, 1:], torch.from_numpy(codec.sources(test, 2)))
    bits = nats.sum().item() / (test.size * math.log(2))
    assert found["test"]["bits_per_dimension"] == pytest.approx(bits, abs=2e-6)
    drawn = np.load(samples / "completions.npy")
    each = [measure(statistics_of(test[:3], images, codec)) for images in drawn]
    assert found["test"]["by_temperature"] == [
        {"temperature": 0.5, **each[0]},
        {"temperature": 1.0, **each[1]},
    ]
    assert found["test"]["psnr"] == each[0]["psnr"] and found["test"]["enlarged_images"] == 3
    interpolated = codec.upsample(codec.downsample(test[:3], 2))
    squares = (interpolated.astype(float) - test[:3]) ** 2
    expected = 10 * math.log10(16**2 / squares.mean())
    assert found["baseline"]["bicubic_psnr"] == pytest.approx(expected, abs=2e-6)
    recorded = evaluated.records["test"].statistics
    sums = np.array([recorded[name].sum() for name in BICUBIC_PSNR])
    assert psnr(sums) == pytest.approx(expected, abs=2e-6)
    expected = bicubic_bits(pixels_of("train", codec), test, 2, codec).sum() / test.size
    assert found["baseline"]["bicubic"] == pytest.approx(expected, abs=2e-6)


def test_measures_of_two_samples_by_hand():
    codec = ImageCodec(height=1, width=2, channels=1, levels=11, classes=1)
    original = np.array([5, 5]).reshape(1, 1, 2, 1)
    drawn = np.array([[5, 7], [5, 3]]).reshape(1, 2, 1, 2, 1)
    found = measure(statistics_of(original, drawn, codec))
    assert found["psnr"] == pytest.approx(10 * math.log10(100 / 2), abs=1e-6)  # errors 0, 2, 0, 2
    assert found["psnr_of_mean"] == pytest.approx(10 * math.log10(100 * 2))  # none: one is counted
    assert found["diversity"] == pytest.approx((0 + 2) / 2 / 10)


def bicubic(train: np.ndarray, test: np.ndarray) -> float:
    """Bits per dimension, whose sum over images is that of any parts of them."""
    bits = bicubic_bits(train, test, 2, CODEC)
    assert bits[:3] == pytest.approx(bicubic_bits(train, test[:3], 2, CODEC))
    return bits.sum() / test.size


def test_an_interpolation_that_is_right_costs_little_and_one_that_says_nothing_the_uniform():
    smooth = np.broadcast_to(np.arange(8)[:, None, None, None], (8, *CODEC.size))
    assert bicubic(smooth, smooth) < 0.01
    noise = random_pixels(400)
    bits = bicubic(noise, noise)
    assert 3.5 < bits < math.log2(17) + 0.1


def test_the_scale_of_the_interpolation_is_that_of_the_training_images():
    smooth = np.broadcast_to(np.arange(8)[:, None, None, None], (8, *CODEC.size))
    noise = random_pixels(50)
    assert bicubic(smooth, noise) > bicubic(noise, noise) + 1
    assert bicubic(noise, smooth) > 1.0


def test_a_network_of_colours_learns_where_its_source_stands():
    """Of quarters of one colour each the source says all: nothing is left to guess."""
    codec = ImageCodec(height=4, width=4, channels=3, levels=4, classes=1)
    torch.manual_seed(1)
    settings = settings_of(codec, d_model=32, d_ff=64, positions_at=PositionsAt.EVERY_LAYER)
    network = build(settings, codec.shape)
    optimizer = torch.optim.Adam(network.parameters(), lr=4e-3)
    order = torch.from_numpy(np.asarray(generation_order(settings, codec.shape.layout)))
    random = np.random.default_rng(1)
    for _ in range(180):
        quarters = random.integers(0, codec.levels, (16, 2, 2, codec.channels))
        pixels = quarters.repeat(2, axis=1).repeat(2, axis=2)
        ids = torch.from_numpy(codec.encode_all(np.zeros(16, int), pixels).astype(np.int64))
        targets = ids[:, 1:][:, order]
        inputs = torch.cat((ids[:, :1], targets[:, :-1]), dim=1)
        loss = network.nats(inputs, targets, torch.from_numpy(codec.sources(pixels, 2))).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    # Without the source a quarter of the intensities would cost ln(4) nats each.
    assert loss < 0.5 * math.log(codec.levels) / 4
