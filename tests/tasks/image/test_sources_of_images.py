"""Photographs, parquet files and folders: from raw files to splits."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow

from pipeline.corpus import SPLITS, read_clusters, read_sequences
from pipeline.errors import DataError
from pipeline.sources import MIRROR
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.encoding import folder
from pipeline.tasks.image.encoding.encode import encode
from pipeline.tasks.image.encoding.patches import cut
from pipeline.tasks.image.encoding.read import read
from pipeline.tasks.image.settings import Resize
from tests.encoding.debs import deb
from tests.tasks.image.pictures import (
    backgrounds_encoding,
    everything,
    file_of,
    folder_encoding,
    noise,
    parquet_encoding,
    photographs_encoding,
    write_parquet,
)

TRUNCATED = "truncated or damaged: image file is truncated"
CUT = {"validation": 0.25, "test": 0.25, "seed": 1}


@pytest.fixture
def encoded(tmp_path):
    folder = tmp_path / "encoded"
    folder.mkdir()
    return folder


@pytest.fixture
def raw(tmp_path):
    folder = tmp_path / "raw"
    folder.mkdir()
    return folder


def pictures(encoded, split, codec):
    return codec.decode_all(read_sequences(encoded, split, "pixels").rows())


# ---------------------------------------------------------------------------- photographs


def write_photographs(raw, **photographs):
    with zipfile.ZipFile(raw / "scikit_image.whl", "w") as wheel:
        for name, content in photographs.items():
            wheel.writestr(f"skimage/data/{name}.png", content)


def test_squares_are_cut_in_raster_order_and_the_rest_is_left_out():
    pixels = noise(5, 7)

    squares = cut(pixels, 2)

    assert squares.shape == (6, 2, 2, 3)
    assert np.array_equal(squares[4], pixels[2:4, 2:4])


def test_no_tile_gives_patches_to_two_splits(raw, encoded):
    photographs = [noise(260, 390, seed=seed) for seed in (1, 2)]
    write_photographs(raw, a=file_of(photographs[0]), b=file_of(photographs[1]))
    encoding = photographs_encoding(["a.png", "b.png"], patch=32, splits=CUT)

    manifest = encode(raw, encoded, encoding)

    tiles = {
        patch.tobytes(): (number, tile)
        for number, photograph in enumerate(photographs)
        for tile, pixels in enumerate(cut(photograph, 128))
        for patch in cut(pixels, 32)
    }
    codec = ImageCodec(32, 32, 3, 256, 1)
    for split in ("validation", "test"):
        assert read_clusters(encoded, split) == [
            f"{'ab'[number]}.png/{tile // 3},{tile % 3}"
            for number, tile in (
                tiles[np.uint8(patch).tobytes()] for patch in pictures(encoded, split, codec)[1]
            )
        ]
    found = {
        split: {tiles[np.uint8(patch).tobytes()] for patch in pictures(encoded, split, codec)[1]}
        for split in SPLITS
    }
    assert {split: len(of_split) for split, of_split in found.items()} == {
        "train": 6,
        "validation": 3,
        "test": 3,
    }
    assert len(set.union(*found.values())) == 12
    assert manifest["splits"]["test"] == {
        "records": 48,
        "tokens": 48 * 3072,
        "records_per_class": [48],
    }
    assert manifest["shape"]["layout"]["channels"] == 3 and manifest["shape"]["inputs"] == 257


def test_a_damaged_photograph_is_skipped_and_a_missing_one_is_an_error(raw):
    write_photographs(raw, a=file_of(noise(128, 128)), b=file_of(noise(128, 128))[:99])

    images, unreadable = everything(read(raw, photographs_encoding(["a.png", "b.png"])))
    assert len(images["train"].labels) == 64
    assert unreadable == [("b.png", TRUNCATED)]
    with pytest.raises(DataError, match=r"no skimage/data/c\.png inside"):
        everything(read(raw, photographs_encoding(["c.png"])))


# ---------------------------------------------------------------------------- backgrounds

FOLDER = "usr/share/backgrounds/mate"


def naively_reduced(pixels, factor):
    """The rounded mean of each square, one by one."""
    rows, columns = pixels.shape[0] // factor, pixels.shape[1] // factor
    means = np.empty((rows, columns, 3), np.uint8)
    for row, column, channel in np.ndindex(means.shape):
        square = pixels[factor * row :, factor * column :][:factor, :factor, channel]
        means[row, column, channel] = round(sum(map(int, square.ravel())) / factor**2)
    return means


def write_backgrounds(raw, files):
    members = {f"{FOLDER}/{name}": content for name, content in files.items()}
    (raw / "made-up_1_all.deb").write_bytes(deb(members))


@pytest.mark.parametrize("factor", [1, 2, 3])
def test_a_reduced_photograph_is_the_means_of_squares_and_patches_tile_it(raw, factor):
    pixels = noise(16 * factor + factor - 1, 33 * factor)  # a rest at the bottom and at the right
    write_backgrounds(
        raw, {"nature/a.png": file_of(pixels), "nature/b.png": file_of(noise(99, 99))}
    )

    source = read(raw, backgrounds_encoding(["nature/a.png"], factor))
    records = list(source.splits["train"])

    means = naively_reduced(pixels, factor)
    assert [source.cluster_name(each.cluster) for each in records] == (
        ["nature/a.png/0,0"] * 4 + ["nature/a.png/0,1"] * 4
    )
    for tile in (0, 1):
        patches = np.array([each.pixels for each in records[4 * tile : 4 * tile + 4]])
        top, bottom = np.hstack(patches[:2]), np.hstack(patches[2:])
        assert np.array_equal(np.vstack([top, bottom]), means[:16, 16 * tile : 16 * tile + 16])


def test_a_jpeg_is_reduced_as_it_is_decoded(raw):
    content = file_of(noise(48, 48), "JPEG", quality=50)
    write_backgrounds(raw, {"a.jpg": content})

    images, _ = everything(read(raw, backgrounds_encoding(["a.jpg"], 3)))

    means = naively_reduced(np.asarray(Pillow.open(io.BytesIO(content))), 3)
    assert np.array_equal(images["train"].pixels, cut(means, 8))


def test_no_tile_of_a_background_is_in_two_splits_and_the_bytes_repeat(raw, tmp_path):
    photographs = {name: noise(64, 96, seed=seed) for seed, name in enumerate(["a.png", "b.png"])}
    write_backgrounds(raw, {name: file_of(pixels) for name, pixels in photographs.items()})
    encoding = backgrounds_encoding(["b.png", "a.png"], 2, splits=CUT)
    folders = [tmp_path / "once", tmp_path / "again"]
    for target in folders:
        target.mkdir()
        encode(raw, target, encoding)

    tile_of = {
        patch.tobytes(): f"{name}/{tile // 3},{tile % 3}"
        for name, pixels in photographs.items()
        for tile, square in enumerate(cut(naively_reduced(pixels, 2), 16))
        for patch in cut(square, 8)
    }
    codec = ImageCodec(8, 8, 3, 256, 1)
    found = {
        split: [tile_of[np.uint8(p).tobytes()] for p in pictures(folders[0], split, codec)[1]]
        for split in SPLITS
    }
    assert {split: len(tiles) for split, tiles in found.items()} == {
        "train": 24,
        "validation": 12,
        "test": 12,
    }
    assert sum(len(set(tiles)) for tiles in found.values()) == len(set(tile_of.values())) == 12
    for split in ("validation", "test"):
        assert read_clusters(folders[0], split) == found[split]
    once, again = ({p.name: p.read_bytes() for p in each.iterdir()} for each in folders)
    assert once == again


def test_a_damaged_background_is_skipped_counted_and_refused_above_the_limit(raw, encoded):
    good, bad = file_of(noise(64, 64)), file_of(noise(64, 64, seed=1))[:99]
    write_backgrounds(raw, {"a.png": good, "b.png": bad})
    names = ["a.png", "b.png"]

    manifest = encode(raw, encoded, backgrounds_encoding(names, 1, CUT, max_skipped=0.1))

    assert manifest["skipped"] == [{"record": "b.png", "reason": TRUNCATED}]
    assert manifest["dropped"][TRUNCATED] == 1
    assert sum(facts["records"] for facts in manifest["splits"].values()) == 64
    with pytest.raises(DataError, match="truncated or damaged"):
        encode(raw, encoded, backgrounds_encoding(names, 1, CUT, max_skipped=0.0))


def test_a_background_that_is_not_in_the_package_is_an_error(raw):
    write_backgrounds(raw, {"a.png": file_of(noise(16, 16))})
    with pytest.raises(DataError, match=rf"no {FOLDER}/b\.png inside; correct the names"):
        everything(read(raw, backgrounds_encoding(["a.png", "b.png"], 1)))


# -------------------------------------------------------------------------------- parquet


def test_splits_come_as_the_data_have_them_and_a_missing_one_is_cut_out(raw, encoded):
    train = [noise(seed=seed) for seed in range(40)]
    test = [noise(seed=seed) for seed in range(100, 105)]
    write_parquet(raw / "train.parquet", map(file_of, train), labels=[0, 1] * 20)
    write_parquet(raw / "test.parquet", map(file_of, test), labels=[1, 0, 3, 0, 1])
    # The share of a split that comes with the data has no effect.
    encoding = parquet_encoding(splits={"validation": 0.25, "test": 0.5, "seed": 1})

    manifest = encode(raw, encoded, encoding)

    codec = ImageCodec(32, 32, 3, 256, 4)
    labels, pixels = pictures(encoded, "test", codec)
    assert labels.tolist() == [1, 0, 3, 0, 1] and np.array_equal(pixels, test)
    assert read_clusters(encoded, "test") == ["0", "1", "2", "3", "4"]
    validation = pictures(encoded, "validation", codec)[1]
    rows = map(int, read_clusters(encoded, "validation"))
    assert np.array_equal(validation, [train[row] for row in rows])
    assert manifest["splits"]["validation"]["records_per_class"] == [5, 5, 0, 0]
    assert manifest["splits"]["train"]["records_per_class"] == [15, 15, 0, 0]
    kept = {image.tobytes() for image in train}
    assert {np.uint8(each).tobytes() for each in pictures(encoded, "train", codec)[1]} < kept


def test_a_training_image_that_equals_a_held_out_one_is_dropped_and_the_held_out_stay(raw, encoded):
    test = [noise(seed=1), noise(seed=1), noise(seed=2)]
    train = [noise(seed=seed) for seed in (1, 3, 4, 4, 5, 6)]
    validation = [noise(seed=3), noise(seed=7)]
    for split, images in (("train", train), ("test", test), ("validation", validation)):
        write_parquet(raw / f"{split}.parquet", map(file_of, images))

    manifest = encode(raw, encoded, parquet_encoding(label_column=None))

    counts = {split: facts["records"] for split, facts in manifest["splits"].items()}
    assert counts == {"train": 3, "validation": 2, "test": 3}
    assert manifest["dropped"] == {"exact duplicate of an earlier image": 3}


def test_columns_have_the_names_of_the_data_and_only_the_first_held_out_images_count(raw):
    images = [noise(seed=seed) for seed in range(4)]
    for split in ("train", "test"):
        path = raw / f"{split}.parquet"
        write_parquet(path, map(file_of, images), [3, 2, 1, 0], image="img", label="fine")

    columns = {"image_column": "img", "label_column": "fine"}
    splits, _ = everything(read(raw, parquet_encoding(max_held_out=2, **columns)))
    assert splits["test"].labels == [3, 2] and splits["train"].labels == [3, 2, 1, 0]
    assert np.array_equal(splits["test"].pixels, images[:2])
    with pytest.raises(DataError, match="no column 'label' among img, fine"):
        everything(read(raw, parquet_encoding(image_column="img")))


def test_grey_rows_among_colour_ones_are_of_equal_channels_and_all_are_averaged(raw):
    grey, colour = noise(channels=1), noise(seed=1)
    twice_as_large = [image.repeat(2, axis=0).repeat(2, axis=1) for image in (colour, grey)]
    write_parquet(raw / "train.parquet", map(file_of, twice_as_large))

    encoding = parquet_encoding(label_column=None, resize=Resize.CROP_AND_RESIZE)
    images, unreadable = everything(read(raw, encoding))

    assert unreadable == []
    assert np.array_equal(images["train"].pixels, [colour, np.dstack([grey] * 3)])


def test_rows_without_a_picture_or_a_class_are_named(raw):
    files = [file_of(noise(seed=1)), None, file_of(noise(16, 16)), b"text", file_of(noise(seed=2))]
    write_parquet(raw / "train.parquet", files, labels=[0, 0, 0, 0, -1])

    images, unreadable = everything(read(raw, parquet_encoding()))

    assert images["train"].labels == [0]
    assert unreadable == [
        ("train row 1", "no bytes of a picture"),
        ("train row 2", "not 32 pixels high and 32 wide"),
        ("train row 3", "not an image of a known format"),
        ("train row 4", "no class"),
    ]


def test_a_label_is_a_class_as_far_as_there_are_ids(raw, encoded):
    images = [noise(seed=seed) for seed in range(9)]
    labels = np.array([0, 65_279, 65_280, 2**62, 2**63, 0, 0, 65_279, 65_279], np.uint64)
    write_parquet(raw / "train.parquet", map(file_of, images), labels)

    manifest = encode(raw, encoded, parquet_encoding(splits=CUT))

    reason = "a class above 65279"
    assert manifest["skipped"] == [
        {"record": f"train row {n}", "reason": reason} for n in (2, 3, 4)
    ]
    assert manifest["dropped"] == {"exact duplicate of an earlier image": 0, reason: 3}
    assert manifest["shape"]["inputs"] == 65_536
    ids = [read_sequences(encoded, split, "pixels").rows()[:, 0] for split in SPLITS]
    assert sorted(np.concatenate(ids).tolist()) == [256] * 3 + [65_535] * 3


def test_a_table_cut_short_or_missing_is_an_error(raw):
    with pytest.raises(DataError, match=r"no train\.parquet"):
        read(raw, parquet_encoding())
    write_parquet(raw / "train.parquet", [file_of(noise())], labels=[0])
    path = raw / "train.parquet"
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(DataError, match=r"train\.parquet: cannot be read"):
        everything(read(raw, parquet_encoding()))


@pytest.mark.skipif(MIRROR not in os.environ, reason=f"{MIRROR} names no mirror of public data")
def test_the_pixels_of_cifar_10_are_those_that_are_known(raw):
    folder = Path(os.environ[MIRROR], "hub/uoft-cs/cifar10-lossless-subset")
    for split in ("train", "test"):
        (raw / f"{split}.parquet").symlink_to(folder / f"{split}.parquet")

    images, unreadable = everything(read(raw, parquet_encoding()))

    assert unreadable == [] and set(images["test"].labels) == set(range(10))
    assert {split: len(of_split.labels) for split, of_split in images.items()} == {
        "train": 5438,
        "test": 1017,
    }


# --------------------------------------------------------------------------------- folder


def write_files(raw, **files):
    for name, content in files.items():
        path = raw / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def test_sub_folders_are_classes_in_the_order_of_their_names(raw):
    write_files(
        raw,
        dogs__1=file_of(noise(seed=1)),
        cats__deep__2=file_of(noise(seed=2)),
        stray=file_of(noise(seed=3)),
        dogs__notes=b"text",
    )
    (raw / "source.json").write_text("{}")

    source = read(raw, folder_encoding())
    images, unreadable = everything(source)

    assert images["train"].labels == [0, 1] and source.classes == 2
    assert np.array_equal(images["train"].pixels, [noise(seed=2), noise(seed=1)])
    assert unreadable == [
        ("dogs/notes", "not an image of a known format"),
        ("stray", "in no class's folder"),
    ]


def test_hidden_folders_are_no_classes_and_hidden_files_no_records(raw, encoded):
    pictures = {f"{name}__{n}.png": noise(8, 8, seed=n) for n in range(12) for name in "ab"}
    hidden = [".ipynb_checkpoints/n.ipynb", "__MACOSX/a/._0.png", ".git/x/y", "a/.DS_Store"]
    hidden += ["a/Thumbs.db", "b/desktop.ini", "b/._0.png"]
    write_files(raw, **{name: file_of(pixels) for name, pixels in pictures.items()})
    for name in hidden:
        path = raw / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left behind")

    form = {"height": 8, "width": 8, "splits": {"validation": 0.2, "test": 0.2, "seed": 1}}
    manifest = encode(raw, encoded, folder_encoding(max_skipped=0.0, **form))

    assert manifest["classes"] == ["a", "b"] and manifest["hidden_files"] == len(hidden)
    assert manifest["shape"]["inputs"] == 258 and manifest["skipped"] == []


def test_pictures_without_sub_folders_are_one_class_and_are_split_by_share(raw, encoded):
    write_files(raw, **{f"{n}.png": file_of(noise(8, 8, 1, seed=n)) for n in range(12)})
    encoding = folder_encoding(height=8, width=8, channels=1, levels=17, splits=CUT)

    manifest = encode(raw, encoded, encoding)

    counts = {split: facts["records"] for split, facts in manifest["splits"].items()}
    assert counts == {"train": 6, "validation": 3, "test": 3}
    assert manifest["shape"]["inputs"] == 18 and manifest["shape"]["layout"]["channels"] == 1


def test_of_links_only_those_to_files_of_the_folder_are_followed(tmp_path, raw):
    write_files(raw, cats__2=file_of(noise(seed=2)), dogs__1=file_of(noise(seed=1)))
    write_files(tmp_path / "elsewhere", **{"3": file_of(noise(seed=3))})
    (raw / "cats" / "inside").symlink_to(raw / "dogs" / "1")
    (raw / "cats" / "nothing").symlink_to("gone")
    (raw / "cats" / "outside").symlink_to(tmp_path / "elsewhere" / "3")
    (raw / "birds").symlink_to(tmp_path / "elsewhere")
    (raw / "dogs" / "cats").symlink_to(raw / "cats")
    os.mkfifo(raw / "dogs" / "pipe")

    source = read(raw, folder_encoding())
    images, unreadable = everything(source)

    assert np.array_equal(images["train"].pixels, [noise(seed=n) for n in (2, 1, 1)])
    assert images["train"].labels == [0, 0, 1] and source.classes == 2
    assert unreadable == [
        ("birds", "a link that leads out of the folder"),
        ("cats/nothing", "a link to nothing"),
        ("cats/outside", "a link that leads out of the folder"),
        ("dogs/cats", "not a file"),
        ("dogs/pipe", "not a file"),
    ]


def test_more_sub_folders_than_there_are_ids_for_are_an_error(raw, monkeypatch):
    write_files(raw, a__1=file_of(noise()), b__2=file_of(noise()), c__3=file_of(noise()))
    monkeypatch.setattr(folder, "most_classes", lambda levels: levels - 254)

    with pytest.raises(DataError, match="3 sub-folders, each a class, but there are ids for 2;"):
        read(raw, folder_encoding())
