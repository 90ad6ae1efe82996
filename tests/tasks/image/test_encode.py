import hashlib

import numpy as np
import pytest

from models.settings import DataShape
from pipeline.corpus import SPLITS, read_clusters, read_sequences
from pipeline.errors import DataError
from pipeline.tasks.image.encoding.encode import encode
from tests.tasks.image.digits import encoding, rows_of_digits, write_wheel


@pytest.fixture
def encoded(tmp_path):
    folder = tmp_path / "encoded"
    folder.mkdir()
    return folder


def images(folder, split):
    return [tuple(ids.tolist()) for ids in read_sequences(folder, split, "pixels")]


def digest(folder):
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


def test_every_image_stands_in_one_split_and_shares_hold_in_every_class(tmp_path, encoded):
    rows = rows_of_digits(400)
    write_wheel(tmp_path / "raw", rows)

    manifest = encode(tmp_path / "raw", encoded, encoding(validation=0.1, test=0.2))

    expected = sorted(
        (17 + label, *pixels) for *pixels, label in (map(int, row.split(",")) for row in rows)
    )
    assert sorted(image for split in SPLITS for image in images(encoded, split)) == expected
    assert manifest["shape"] == {
        "inputs": 27,
        "outputs": 17,
        "layout": {"kind": "image", "height": 8, "width": 8, "channels": 1},
    }
    DataShape.model_validate(manifest["shape"])
    for split, per_class in (("train", 28), ("validation", 4), ("test", 8)):
        labels = [image[0] for image in images(encoded, split)]
        assert np.bincount(labels, minlength=27)[17:].tolist() == [per_class] * 10
        assert manifest["splits"][split] == {
            "records": per_class * 10,
            "tokens": per_class * 10 * 64,
            "records_per_class": [per_class] * 10,
        }


def test_without_labels_the_same_splits_have_one_class(tmp_path, encoded):
    write_wheel(tmp_path / "raw", rows_of_digits(200))
    encode(tmp_path / "raw", encoded, encoding())
    labelled = {split: images(encoded, split) for split in SPLITS}
    manifest = encode(tmp_path / "raw", encoded, encoding(classes=1))

    assert (manifest["shape"]["inputs"], manifest["shape"]["outputs"]) == (18, 17)
    assert manifest["splits"]["train"]["records_per_class"] == [len(labelled["train"])]
    for split, before in labelled.items():
        assert images(encoded, split) == [(17, *image[1:]) for image in before]


def test_an_exact_duplicate_is_dropped_so_that_none_is_in_two_splits(tmp_path, encoded):
    rows = rows_of_digits(100)
    relabelled = rows[0].rpartition(",")[0] + ",5"
    write_wheel(tmp_path / "raw", [*rows, *rows[10:20], relabelled])

    manifest = encode(tmp_path / "raw", encoded, encoding())

    pixels = [image[1:] for split in SPLITS for image in images(encoded, split)]
    assert len(pixels) == len(set(pixels)) == 100
    assert manifest["dropped"] == {"exact duplicate of an earlier image": 11}
    first = tuple(map(int, rows[0].split(",")[:-1]))
    assert (17, *first) in [image for split in SPLITS for image in images(encoded, split)]


def test_equal_input_gives_equal_bytes_and_the_seed_decides_the_split(tmp_path, encoded):
    write_wheel(tmp_path / "raw", rows_of_digits(200))
    digests = []
    for seed in (1, 1, 2):
        for path in encoded.iterdir():
            path.unlink()
        encode(tmp_path / "raw", encoded, encoding(seed=seed))
        digests.append(digest(encoded))

    assert digests[0] == digests[1]
    assert digests[0]["test.pixels.ids.npy"] != digests[2]["test.pixels.ids.npy"]
    assert digests[0]["test.pixels.offsets.npy"] == digests[2]["test.pixels.offsets.npy"]


def test_another_share_for_validation_leaves_the_test_split_as_it_is(tmp_path, encoded):
    write_wheel(tmp_path / "raw", rows_of_digits(200))
    encode(tmp_path / "raw", encoded, encoding(validation=0.1))
    before = images(encoded, "test")
    encode(tmp_path / "raw", encoded, encoding(validation=0.3))

    assert images(encoded, "test") == before


def test_skipped_rows_are_counted_by_reason_and_listed(tmp_path, encoded):
    damaged = ["1,2,3"] * 25 + [",".join(["99"] * 65)]
    write_wheel(tmp_path / "raw", rows_of_digits(100) + damaged)

    manifest = encode(tmp_path / "raw", encoded, encoding(max_skipped=0.3))

    assert manifest["dropped"] == {
        "exact duplicate of an earlier image": 0,
        "not 64 intensities and a label": 25,
        "an intensity is above 16": 1,
    }
    assert len(manifest["skipped"]) == 26
    assert manifest["skipped"][0] == {
        "record": "row 101",
        "reason": "not 64 intensities and a label",
    }


def test_more_skipped_rows_than_allowed_fail(tmp_path, encoded):
    write_wheel(tmp_path / "raw", rows_of_digits(99) + ["1,2,3"])

    encode(tmp_path / "raw", encoded, encoding(max_skipped=0.01))
    with pytest.raises(
        DataError, match=r"raw: 1 of 100 .* encoding\.max_skipped = 0\.009; the first is row 100"
    ):
        encode(tmp_path / "raw", encoded, encoding(max_skipped=0.009))


def test_a_held_out_image_is_a_cluster_of_its_own_named_by_its_row(tmp_path, encoded):
    rows = rows_of_digits(100)
    write_wheel(tmp_path / "raw", [rows[0], "1,2,3", *rows])

    encode(tmp_path / "raw", encoded, encoding(max_skipped=0.1))

    by_row = {str(3 + number): row for number, row in enumerate(rows)} | {"1": rows[0]}
    for split, count in (("validation", 10), ("test", 20)):
        clusters = read_clusters(encoded, split)
        assert len(set(clusters)) == len(clusters) == count
        for cluster, (label, *pixels) in zip(clusters, images(encoded, split), strict=True):
            assert ",".join(map(str, [*pixels, label - 17])) == by_row[cluster]


def test_nothing_is_left_beside_the_ids_and_the_clusters(tmp_path, encoded):
    write_wheel(tmp_path / "raw", rows_of_digits(100))
    encode(tmp_path / "raw", encoded, encoding())

    names = [f"{split}.pixels.{part}.npy" for split in SPLITS for part in ("ids", "offsets")]
    names += ["validation.clusters.txt", "test.clusters.txt"]
    assert sorted(path.name for path in encoded.iterdir()) == sorted(names)


def test_an_archive_without_images_fails(tmp_path, encoded):
    write_wheel(tmp_path / "raw", [])

    with pytest.raises(DataError, match="no image could be read"):
        encode(tmp_path / "raw", encoded, encoding(max_skipped=1.0))


def test_where_nothing_can_be_read_the_first_record_is_told_with_its_reason(tmp_path, encoded):
    write_wheel(tmp_path / "raw", ["1,2,3"] * 3)

    with pytest.raises(DataError, match="3 of 3 records .* the first is row 1: not 64 intensities"):
        encode(tmp_path / "raw", encoded, encoding(max_skipped=0.5))


def test_a_split_without_images_fails(tmp_path, encoded):
    write_wheel(tmp_path / "raw", rows_of_digits(20))

    with pytest.raises(DataError, match="20 records leave split 'validation' empty; enlarge"):
        encode(tmp_path / "raw", encoded, encoding(validation=0.0))


def test_splits_keep_the_order_of_the_archive(tmp_path, encoded):
    rows = [
        ",".join(["0"] * 62 + [str(number // 17), str(number % 17), "3"]) for number in range(60)
    ]
    write_wheel(tmp_path / "raw", rows)

    encode(tmp_path / "raw", encoded, encoding())

    for split in SPLITS:
        assert images(encoded, split) == sorted(images(encoded, split))
