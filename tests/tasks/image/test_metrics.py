import math

import numpy as np
import pytest
import torch

from models.build import build
from models.shared.order import block_order
from pipeline.corpus import write_sequences
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.metrics.baselines import baseline_bits, class_and_position_bits
from pipeline.tasks.image.metrics.codecs import codec_bits
from pipeline.tasks.image.metrics.evaluate import evaluate
from pipeline.tasks.image.settings import ImageEvaluation
from tests.models.comparison import all_logits
from tests.tasks.evaluations import write_clusters
from tests.tasks.image.counting import Counting
from tests.tasks.image.networks import LOCAL, SHAPE, settings

every_attention = pytest.mark.parametrize("attention", LOCAL.values(), ids=LOCAL)


def evaluation(batch_images=3):
    return ImageEvaluation(bootstrap_samples=200, bootstrap_seed=1, batch_images=batch_images)


def write(folder, **splits):
    for split, sequences in splits.items():
        write_sequences(folder, split, "pixels", sequences, np.dtype(np.uint16))
        write_clusters(folder, **{split: len(sequences)})


def random_ids(count, seed):
    random = np.random.default_rng(seed)
    return np.hstack([random.integers(17, 27, (count, 1)), random.integers(0, 17, (count, 16))])


def counting_ids(label, attention):
    """An image whose intensities count upwards from its class, in generation order."""
    raster = np.empty(16, int)
    raster[block_order(attention, 4, 4)] = (label + np.arange(16)) % 17
    return np.array([17 + label, *raster])


@every_attention
def test_a_network_that_knows_the_rule_in_generation_order_pays_nothing(tmp_path, attention):
    write(
        tmp_path,
        train=random_ids(3, 0),
        test=[counting_ids(label, attention) for label in range(10)],
    )
    network = Counting(settings(attention), SHAPE, certainty=100.0)

    measured = evaluate(network, tmp_path, tmp_path, evaluation()).metrics

    assert measured["test"] == {
        "bits_per_dimension": 0.0,
        "images": 10,
    }


def test_a_network_that_knows_nothing_pays_the_uniform_baseline(tmp_path):
    write(tmp_path, train=random_ids(3, 0), test=random_ids(5, 1))
    network = Counting(settings(LOCAL["local_2d"]), SHAPE, certainty=0.0)

    measured = evaluate(network, tmp_path, tmp_path, evaluation()).metrics

    assert measured["baseline"]["uniform"] == round(math.log2(17), 6)
    assert measured["test"]["bits_per_dimension"] == pytest.approx(math.log2(17), abs=2e-6)


def test_baselines_are_counted_on_training_images_and_files_hold_every_test_image(tmp_path):
    train, test = random_ids(9, 0), random_ids(5, 1)
    train[:, 1:] //= 3  # darker than the images that they are counted for
    write(tmp_path, train=train, test=test)
    network = Counting(settings(LOCAL["local_1d"]), SHAPE, certainty=0.0)

    measured = evaluate(network, tmp_path, tmp_path, evaluation()).metrics

    codec = ImageCodec.of(SHAPE)
    by_image = codec_bits(codec.decode_all(test)[1])
    by_image["class_and_position"] = class_and_position_bits(train, test, codec)
    files = {name: bits.sum() / (5 * 16) for name, bits in by_image.items()}
    expected = baseline_bits(train, test, codec) | files
    assert measured["baseline"] == pytest.approx(expected, abs=2e-6)


@every_attention
def test_bits_are_the_nats_of_every_pixel_over_their_number_times_ln_2(tmp_path, attention):
    test = random_ids(7, 1)
    write(tmp_path, train=random_ids(3, 0), test=test)
    torch.manual_seed(1)
    network = build(settings(attention), SHAPE).eval()

    measured = evaluate(network, tmp_path, tmp_path, evaluation()).metrics["test"]

    sequences = torch.from_numpy(
        np.hstack([test[:, :1], test[:, 1:][:, block_order(attention, 4, 4)]])
    )
    with torch.no_grad():
        log_probs = all_logits(network, sequences[:, :-1]).log_softmax(dim=-1)
    nats = -sum(
        log_probs[image, pixel, sequences[image, pixel + 1]].item()
        for image in range(7)
        for pixel in range(16)
    )
    assert measured["bits_per_dimension"] == pytest.approx(nats / (7 * 16 * math.log(2)), abs=2e-6)


def test_the_size_of_a_batch_does_not_matter(tmp_path):
    write(tmp_path, train=random_ids(3, 0), test=random_ids(7, 1))
    torch.manual_seed(1)
    network = build(settings(LOCAL["local_1d"]), SHAPE).eval()

    one, all_of_them = (
        evaluate(network, tmp_path, tmp_path, evaluation(batch_images)).metrics["test"]
        for batch_images in (1, 100)
    )

    assert one == pytest.approx(all_of_them, abs=2e-6)


def test_baselines_of_two_small_images_by_hand():
    codec = ImageCodec(height=1, width=3, channels=1, levels=2, classes=2)
    train = np.array([[2, 0, 0, 1]])
    test = np.array([[2, 0, 1, 1], [3, 1, 1, 1]])

    bits = baseline_bits(train, test, codec)
    by_image = class_and_position_bits(train, test, codec)

    # Counts of 0 and 1, plus one each: 3 and 2 of 5.
    unigram = -(math.log2(3 / 5) + 5 * math.log2(2 / 5)) / 6
    # Edge: 0 seen once, 2/3 and 1/3. Left 0: 0 and 1 seen once, 1/2. Left 1: nothing, 1/2.
    left = -(math.log2(2 / 3) + math.log2(1 / 3) + 4 * math.log2(1 / 2)) / 6
    # Class 2: each place saw its one value, 2/3 and 1/3. Class 3: nothing, 1/2.
    places = [-(2 * math.log2(2 / 3) + math.log2(1 / 3)), 3.0]
    # First column: 0 seen once. Differences: 0 and 1 seen once, 1/2.
    difference = -(math.log2(2 / 3) + math.log2(1 / 3) + 4 * math.log2(1 / 2)) / 6
    assert bits == pytest.approx(
        {
            "uniform": 1.0,
            "unigram": unigram,
            "left_neighbour": left,
            "left_difference": difference,
        }
    )
    assert by_image == pytest.approx(places)


def test_the_left_neighbour_of_the_first_column_is_not_the_row_above():
    codec = ImageCodec(height=2, width=2, channels=1, levels=2, classes=1)
    train = np.array([[2, 0, 1, 0, 1]] * 1000)

    bits = baseline_bits(train, train, codec)

    assert bits["left_neighbour"] == pytest.approx(0.0, abs=0.01)
    assert bits["unigram"] == 1.0


def test_the_left_neighbour_of_a_colour_is_the_same_channel():
    codec = ImageCodec(height=1, width=4, channels=3, levels=256, classes=1)
    random = np.random.default_rng(0)
    first = random.integers(0, 256, (50, 1, 3))
    ramp = (first + np.array([1, 7, 200]) * np.arange(4)[:, None]) % 256
    train = np.hstack([np.full((50, 1), 256), ramp.reshape(50, 12)])

    bits = baseline_bits(train, train, codec)["left_difference"]

    # Of four pixels, the first is unknown and each of the others has one of three differences.
    known = np.bincount(train[:, 1:4].ravel(), minlength=256) + 1
    first_bits = -np.log2(known / known.sum())[train[:, 1:4]].mean()
    other_bits = -math.log2((150 + 1) / (450 + 256))
    assert bits == pytest.approx((first_bits + 3 * other_bits) / 4)
