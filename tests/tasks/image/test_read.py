import gzip

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.tasks.image.encoding import digits as reading
from pipeline.tasks.image.encoding.read import read
from tests.tasks.image.digits import encoding, rows_of_digits, write_member, write_wheel
from tests.tasks.image.pictures import everything

DIGITS = encoding()
NO_NUMBER = "a field is not a whole number of at most 9 digits"


def test_a_row_is_64_intensities_in_raster_order_and_the_digit(tmp_path):
    ramp = [number % 17 for number in range(64)]
    write_wheel(tmp_path, [",".join(map(str, [*ramp, 7]))])

    raw = read(tmp_path, DIGITS)

    images = everything(raw)[0]["train"]
    assert (raw.levels, raw.classes, list(raw.splits)) == (17, 10, ["train"])
    assert images.pixels.shape == (1, 8, 8, 1) and images.labels == [7]
    assert images.pixels.ravel().tolist() == ramp


@pytest.mark.parametrize(
    ("damaged", "reason"),
    [
        ("", "not 64 intensities and a label"),
        (",".join(["1"] * 64), "not 64 intensities and a label"),
        (",".join(["1"] * 66), "not 64 intensities and a label"),
        (",".join(["17"] + ["1"] * 64), "an intensity is above 16"),
        (",".join(["-1"] + ["1"] * 64), NO_NUMBER),
        (",".join(["1.5"] + ["1"] * 64), NO_NUMBER),
        (",".join(["1"] * 64 + ["10"]), "the label is above 9"),
        (",".join(["1"] * 63 + ["x", "1"]), NO_NUMBER),
        (",".join(["1"] * 63 + ["9" * 5000, "1"]), NO_NUMBER),
    ],
)
def test_a_damaged_row_is_named_with_its_reason_and_the_others_are_read(tmp_path, damaged, reason):
    good = rows_of_digits(2)
    write_wheel(tmp_path, [good[0], damaged, good[1]])

    images, unreadable = everything(read(tmp_path, DIGITS))

    expected = [[int(field) for field in row.split(",")[:-1]] for row in good]
    assert images["train"].pixels.reshape(2, 64).tolist() == expected
    assert [(skip.record, skip.reason) for skip in unreadable] == [("row 2", reason)]


def test_bytes_that_are_not_text_damage_their_row_only(tmp_path):
    good = rows_of_digits(1)[0].encode()
    write_member(tmp_path, gzip.compress(b"\xff\xfe," + good + b"\n" + good + b"\n"))

    images, unreadable = everything(read(tmp_path, DIGITS))

    assert len(images["train"].labels) == 1 and len(unreadable) == 1


@pytest.mark.parametrize("wheels", [0, 2])
def test_another_number_of_wheels_than_one_is_an_error(tmp_path, wheels):
    for number in range(wheels):
        (tmp_path / f"{number}.whl").touch()

    with pytest.raises(DataError, match=rf"expected one archive \*\.whl, found {wheels}"):
        read(tmp_path, DIGITS)


def test_a_wheel_of_another_package_is_an_error_that_names_what_is_missing(tmp_path):
    write_wheel(tmp_path, rows_of_digits(1), member="other/data.csv.gz")

    with pytest.raises(DataError, match=r"no sklearn/datasets/data/digits\.csv\.gz inside"):
        read(tmp_path, DIGITS)


def test_a_wheel_cut_short_is_an_error(tmp_path):
    wheel = write_wheel(tmp_path, rows_of_digits(20))
    wheel.write_bytes(wheel.read_bytes()[:-100])

    with pytest.raises(DataError, match="cannot be read"):
        read(tmp_path, DIGITS)


@pytest.mark.parametrize("part", [slice(None, -20), slice(0, 0), slice(5, None)])
def test_a_damaged_table_is_an_error(tmp_path, part):
    packed = gzip.compress("\n".join(rows_of_digits(20)).encode())
    write_member(tmp_path, packed[part] or b"nothing packed")

    with pytest.raises(DataError, match=r"digits\.csv\.gz cannot be read"):
        read(tmp_path, DIGITS)


def test_a_table_that_unpacks_to_more_than_the_limit_is_refused(tmp_path):
    write_member(tmp_path, gzip.compress(bytes(reading._MAX_BYTES + 1)))

    with pytest.raises(DataError, match="longer than 4194304 bytes"):
        read(tmp_path, DIGITS)


def test_intensities_are_whole_numbers_of_one_type(tmp_path):
    write_wheel(tmp_path, rows_of_digits(3))

    assert everything(read(tmp_path, DIGITS))[0]["train"].pixels.dtype == np.uint8
