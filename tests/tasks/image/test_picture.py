import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pipeline.tasks.image.encoding import picture
from pipeline.tasks.image.encoding.picture import PictureError, fit, quantised, read_picture
from pipeline.tasks.image.settings import Resize
from tests.tasks.image.pictures import file_of, folder_encoding, noise

COLOUR = noise(5, 7)
GREY = noise(5, 7, channels=1)


def pixels_of(content, channels=3):
    return np.asarray(read_picture(content, channels))


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_a_lossless_file_gives_the_pixels_that_were_written(form):
    options = {"lossless": True} if form == "WEBP" else {}

    assert np.array_equal(pixels_of(file_of(COLOUR, form, **options)), COLOUR)


def test_grey_becomes_three_equal_channels_and_colour_becomes_its_luma():
    assert np.array_equal(pixels_of(file_of(GREY)), GREY[..., None].repeat(3, axis=2))
    luma = COLOUR @ np.array([0.299, 0.587, 0.114])
    assert np.abs(pixels_of(file_of(COLOUR), channels=1) - luma).max() < 1
    assert np.array_equal(pixels_of(file_of(GREY), channels=1), GREY)


def test_a_palette_gives_its_colours():
    image = Image.fromarray(np.array([[0, 1], [1, 0]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60])

    assert pixels_of(file_of(image))[0].tolist() == [[10, 20, 30], [40, 50, 60]]


def test_two_colours_are_black_and_white():
    image = Image.fromarray(np.array([[False, True]]))

    assert pixels_of(file_of(image)).tolist() == [[[0, 0, 0], [255, 255, 255]]]


def test_cmyk_is_converted():
    image = Image.new("CMYK", (8, 8), (255, 0, 0, 0))

    red, green, blue = pixels_of(file_of(image, "TIFF"))[4, 4]
    assert red < 5 and green > 250 and blue > 250


def test_sixteen_bits_become_the_nearest_of_eight():
    deep = np.array([[0, 128, 129, 32768, 65535]], np.uint16)

    assert pixels_of(file_of(deep), channels=1).tolist() == [[0, 0, 1, 128, 255]]


@pytest.mark.parametrize(("zero", "expected"), [(1, [0, 1, 128, 255]), (0, [255, 254, 127, 0])])
def test_sixteen_bits_of_a_tiff_may_count_from_white(zero, expected):
    deep = np.array([[0, 257, 32896, 65535]], np.uint16)
    turned = {0x0112: 3}  # by half a turn, so that Pillow makes a copy without the tag
    for more, upright in (({}, expected), (turned, expected[::-1])):
        content = file_of(deep, "TIFF", tiffinfo={262: zero, **more})
        assert pixels_of(content, channels=1).tolist() == [upright]


def test_twelve_bits_of_a_tiff_count_up_to_4095():
    packed = bytes([0x00, 0x08, 0x08, 0xFF, 0xF0])  # 0, 2056 and 4095, half a byte to spare
    # width, height, bits, no compression, 0 is black, offset, samples, rows and bytes of the strip
    tags = {256: 3, 257: 1, 258: 12, 259: 1, 262: 1, 273: 8, 277: 1, 278: 1, 279: len(packed)}
    entries = b"".join(struct.pack("<HHII", tag, 3, 1, value) for tag, value in tags.items())
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    content = b"II*\x00" + struct.pack("<I", 14) + packed + bytes(1) + directory
    assert pixels_of(content, channels=1).tolist() == [[0, 128, 255]]


def test_an_alpha_channel_that_hides_nothing_is_dropped_and_another_is_refused():
    opaque = np.dstack([COLOUR, np.full((5, 7), 255, np.uint8)])
    assert np.array_equal(pixels_of(file_of(opaque)), COLOUR)

    opaque[2, 2, 3] = 254
    with pytest.raises(PictureError, match="partly transparent"):
        read_picture(file_of(opaque), 3)


def test_a_transparent_colour_of_a_palette_is_refused_where_it_is_used():
    image = Image.fromarray(np.array([[0, 1]], np.uint8), "P")
    image.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])

    with pytest.raises(PictureError, match="partly transparent"):
        read_picture(file_of(image, transparency=1), 3)
    assert pixels_of(file_of(image, transparency=2)).tolist() == [[[10, 20, 30], [40, 50, 60]]]


@pytest.mark.parametrize(
    ("mode", "used", "unused", "other"),
    [("1", 255, None, 0), ("L", 7, 9, 3), ("RGB", (7, 7, 8), (7, 8, 7), (3, 3, 3))]
    + [("I;16", 700, 701, 300)],
)
def test_a_transparent_colour_without_a_palette_is_refused_where_it_is_used(
    mode, used, unused, other
):
    image = Image.new(mode, (2, 1), other)
    image.putpixel((0, 0), used)

    with pytest.raises(PictureError, match="partly transparent"):
        read_picture(file_of(image, transparency=used), 3)
    if unused is not None:
        plain = pixels_of(file_of(image))
        assert np.array_equal(pixels_of(file_of(image, transparency=unused)), plain)


@pytest.mark.parametrize(("most", "deep"), [(65535, [0, 257, 65535]), (1023, [0, 4, 1023])])
def test_sixteen_bits_of_a_pgm_count_up_to_its_own_maximum(most, deep):
    content = f"P5 3 1 {most}\n".encode() + np.array(deep, ">u2").tobytes()
    assert pixels_of(content, channels=1).tolist() == [[0, 1, 255]]


def test_a_photograph_is_turned_as_its_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees, clockwise

    assert np.array_equal(pixels_of(file_of(COLOUR, exif=exif)), np.rot90(COLOUR, -1))


def test_several_pictures_in_one_file_are_refused():
    frames = [Image.fromarray(noise(seed=seed)) for seed in (1, 2)]

    with pytest.raises(PictureError, match="several pictures in one file"):
        read_picture(file_of(frames[0], "GIF", save_all=True, append_images=frames[1:]), 3)


def test_intensities_of_unknown_range_are_refused():
    with pytest.raises(PictureError, match="mode F, whose range is unknown"):
        read_picture(file_of(np.zeros((2, 2), np.float32), "TIFF"), 3)


@pytest.mark.parametrize("content", [b"", b"text", b"<svg/>", b"%!PS-Adobe-3.0 EPSF-3.0\n"])
def test_what_is_no_image_is_refused(content):
    with pytest.raises(PictureError, match="not an image of a known format"):
        read_picture(content, 3)


@pytest.mark.parametrize("form", ["PNG", "JPEG", "BMP", "TIFF", "PPM", "WEBP", "GIF"])
def test_a_file_cut_short_is_refused(form):
    content = file_of(noise(64, 64), form)

    with pytest.raises(PictureError, match="truncated or damaged|not an image of a known format"):
        read_picture(content[: len(content) // 2], 3)


def test_more_pixels_than_the_limit_are_refused_before_they_are_unpacked(monkeypatch):
    bomb = file_of(Image.new("1", (20000, 10000)))
    with pytest.raises(PictureError, match="more than 67,108,864 pixels"):
        read_picture(bomb, 3)

    monkeypatch.setattr(picture, "_MAX_PIXELS", 34)
    with pytest.raises(PictureError, match="more than 34 pixels"):
        read_picture(file_of(COLOUR), 3)


def test_a_file_of_more_bytes_than_the_limit_is_refused_unread(monkeypatch):
    content = file_of(COLOUR)
    monkeypatch.setattr(picture, "MAX_FILE_BYTES", len(content))
    assert np.array_equal(pixels_of(content), COLOUR)

    with pytest.raises(PictureError, match=f"a file of more than {len(content)} bytes"):
        read_picture(content + b"1", 3)


@given(st.sampled_from(["PNG", "JPEG", "WEBP", "GIF", "TIFF"]), st.data())
def test_damaged_bytes_are_an_image_or_refused_with_a_reason(form, data):
    content = bytearray(file_of(noise(8, 8), form))
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))

    try:
        assert read_picture(bytes(content), 3).mode == "RGB"
    except PictureError as error:
        assert str(error)


def test_another_size_is_refused_or_its_middle_is_made_smaller():
    wide = np.zeros((64, 128, 3), np.uint8)
    wide[:, 32:96] = noise(32, 32).repeat(2, axis=0).repeat(2, axis=1)
    image = Image.fromarray(wide)

    with pytest.raises(PictureError, match="not 32 pixels high and 32 wide"):
        fit(image, folder_encoding())
    fitted = fit(image, folder_encoding(resize=Resize.CROP_AND_RESIZE))
    assert np.array_equal(fitted, noise(32, 32))
    with pytest.raises(PictureError, match="less than 65 pixels high or 65 wide"):
        fit(image, folder_encoding(height=65, width=65, resize=Resize.CROP_AND_RESIZE))


def test_levels_share_the_intensities_evenly():
    every = np.arange(256, dtype=np.uint8)

    assert np.array_equal(quantised(every, 256), every)
    assert np.bincount(quantised(every, 16)).tolist() == [16] * 16
    assert quantised(every, 17).max() == 16
