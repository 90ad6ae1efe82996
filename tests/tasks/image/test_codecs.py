import os
import zlib
from pathlib import Path

import numpy as np
import pytest

from pipeline.sources import MIRROR
from pipeline.tasks.image.encoding.read import read
from pipeline.tasks.image.metrics.codecs import codec_bits
from tests.tasks.image.pictures import everything, parquet_encoding

NAMES = ["png", "webp", "jpeg_xl"]


def per_dimension(pixels: np.ndarray) -> dict[str, float]:
    return {name: bits.sum() / pixels.size for name, bits in codec_bits(pixels).items()}


def test_images_of_a_file_share_its_bits_by_what_they_take_alone():
    noise, plain = np.random.default_rng(0).integers(0, 17, (2, 8, 8, 1), np.uint8)
    plain[:] = 3
    alone = [codec_bits(image[None])["png"][0] for image in (noise, plain)]
    together = codec_bits(np.stack([noise, plain]))["png"]
    assert together[0] / together[1] == pytest.approx(alone[0] / alone[1])
    assert together.sum() < sum(alone)


def test_noise_costs_all_its_bits_and_a_uniform_image_next_to_nothing():
    noise = np.random.default_rng(0).integers(0, 256, (3, 64, 64, 3), np.uint8)

    assert list(codec_bits(noise)) == NAMES
    for name, bits in per_dimension(noise).items():
        assert 8.0 < bits < 9.0, name
    for name, bits in per_dimension(np.full_like(noise, 7)).items():
        assert bits < 0.1, name


def test_png_bits_are_the_bytes_of_the_files():
    pixels = np.random.default_rng(0).integers(0, 17, (2, 32, 32, 1), np.uint8)

    bits = per_dimension(np.concatenate([pixels, pixels]))["png"]

    # Each of two equal halves is a file: 1,024 dimensions are not stacked.
    raw = np.pad(pixels[:, :, :, 0], ((0, 0), (0, 0), (1, 0)))
    unfiltered = sum(len(zlib.compress(image.tobytes(), 9)) for image in raw) * 8 / pixels.size
    assert bits == pytest.approx(per_dimension(pixels)["png"])
    assert bits == pytest.approx(unfiltered + 57 * 8 / 1024, rel=0.2)


@pytest.mark.parametrize("channels", [1, 3])
def test_small_images_share_a_file_so_that_headers_do_not_count(channels):
    image = np.random.default_rng(0).integers(0, 17, (1, 8, 8, channels), np.uint8)

    alone, together = (per_dimension(image.repeat(count, axis=0)) for count in (1, 3000))

    for name in NAMES:  # 3,000 images of 8 rows are more than one WebP file can hold
        assert together[name] < 0.3 * alone[name]


@pytest.mark.skipif(MIRROR not in os.environ, reason=f"{MIRROR} names no mirror of public data")
@pytest.mark.parametrize(
    ("data", "split", "count", "expected"),
    [
        ("uoft-cs/cifar10-lossless-subset", "test", None, [5.875, 4.713, 4.129]),
        ("tiny-imagenet-32", "validation", 1000, [6.387, 4.912, 4.365]),
    ],
    ids=["cifar10", "tiny-imagenet"],
)
def test_the_known_bits_of_public_photographs(tmp_path, data, split, count, expected):
    source = Path(os.environ[MIRROR], "hub", data, f"{split}.parquet")
    (tmp_path / "test.parquet").symlink_to(source)
    (tmp_path / "train.parquet").symlink_to(source)

    images, _ = everything(read(tmp_path, parquet_encoding(max_held_out=count)))
    bits = per_dimension(images["test"].pixels)

    # Encoders of other versions and efforts wrote the known files: some are 2.5 % larger.
    assert [bits[name] for name in NAMES] == pytest.approx(expected, rel=0.03)
