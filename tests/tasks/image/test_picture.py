import struct
import zlib

import imagecodecs
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from pipeline.tasks.image.encoding import picture
from pipeline.tasks.image.encoding.picture import PictureError, fit, quantised, read_picture
from pipeline.tasks.image.settings import Resize
from tests.tasks.image.pictures import file_of, folder_encoding, noise
from tests.tasks.image.profiles import SRGB_PRIMARIES, colour_profile, grey_profile

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


def png(bits, rows, *chunks, colour_type=0) -> bytes:
    """A PNG of grey (or another colour type), whose rows are given packed."""
    channels = {0: 1, 2: 3}[colour_type]
    width = 8 * len(rows[0]) // (bits * channels)
    header = struct.pack(">IIBBBBB", width, len(rows), bits, colour_type, 0, 0, 0)
    packed = zlib.compress(b"".join(b"\0" + row for row in rows))
    every = [(b"IHDR", header), *chunks, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in every
    )


def with_transparent_grey(bits: int, stored: int) -> bytes:
    """A PNG of the levels 0 and 1 that calls a level transparent."""
    return png(bits, [bytes([0, 1])], (b"tRNS", struct.pack(">H", stored)))


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_a_transparent_level_of_grey_is_refused_where_it_is_used(bits):
    for used in (0, 1):
        with pytest.raises(PictureError, match="^partly transparent$"):
            read_picture(with_transparent_grey(bits, used), 3)
    if bits > 1:
        plain = pixels_of(png(bits, [bytes([0, 1])]), 1)
        assert np.array_equal(pixels_of(with_transparent_grey(bits, 2), 1), plain)
        # Of the two bytes that are stored only as many bits count as a level has.
        with pytest.raises(PictureError, match="^partly transparent$"):
            read_picture(with_transparent_grey(bits, 1 + 2**bits), 3)


@pytest.mark.parametrize("channels", [3, 4])
@pytest.mark.parametrize("form", ["PNG", "TIFF", "TIFF, deflated"])
def test_colours_of_sixteen_bits_become_the_nearest_of_eight(form, channels):
    deep = np.random.default_rng(1).integers(0, 65536, (5, 7, channels), np.uint16)
    deep[0, 0, :3] = 128, 129, 65407  # 0.498, 0.502 and 254.502 of 255
    deep[..., 3:] = 65535
    if form == "PNG":
        content = imagecodecs.png_encode(deep)
    else:
        content = tiff(deep, compression=8 if "deflated" in form else 1)

    found = pixels_of(content)

    assert found[0, 0].tolist() == [0, 1, 255]
    assert np.array_equal(found, (deep[..., :3].astype(int) + 128) // 257)


def tiff(deep: np.ndarray, compression: int) -> bytes:
    """A TIFF of RGB or RGBA with 16 bits a channel, in one strip."""
    height, width, channels = deep.shape
    strip = deep.astype("<u2").tobytes()
    strip = zlib.compress(strip) if compression != 1 else strip
    bits = struct.pack(f"<{channels}H", *[16] * channels)
    tags = {256: width, 257: height, 258: 8, 259: compression, 262: 2, 273: 8 + len(bits)}
    tags |= {277: channels, 278: height, 279: len(strip)}
    tags |= {338: 2} if channels == 4 else {}
    entries = b"".join(
        struct.pack("<HHII", tag, 3, channels if tag == 258 else 1, value)
        for tag, value in sorted(tags.items())
    )
    body = bits + strip + bytes(len(strip) % 2)
    directory = struct.pack("<H", len(tags)) + entries + bytes(4)
    return b"II*\0" + struct.pack("<I", 8 + len(body)) + body + directory


def test_grey_and_alpha_of_sixteen_bits_are_read_and_the_lowest_bit_of_alpha_counts():
    deep = np.array([[[128, 65535], [129, 65535], [33000, 65535]]], np.uint16)
    assert pixels_of(imagecodecs.png_encode(deep), 1).tolist() == [[0, 1, 128]]

    deep[0, 0, 1] = 65534
    with pytest.raises(PictureError, match="partly transparent"):
        read_picture(imagecodecs.png_encode(deep), 1)


def test_a_transparent_colour_of_sixteen_bits_is_compared_as_it_is_stored():
    rows = [struct.pack(">6H", 256, 512, 770, 1000, 1000, 1000)]
    used, other = (struct.pack(">3H", 256, 512, blue) for blue in (770, 771))

    with pytest.raises(PictureError, match="partly transparent"):
        read_picture(png(16, rows, (b"tRNS", used), colour_type=2), 3)
    assert pixels_of(png(16, rows, (b"tRNS", other), colour_type=2)).tolist() == [
        [[1, 2, 3], [4, 4, 4]]
    ]


@pytest.mark.parametrize(("most", "deep"), [(65535, [0, 257, 65535]), (1023, [0, 4, 1023])])
def test_sixteen_bits_of_a_pgm_count_up_to_its_own_maximum(most, deep):
    content = f"P5 3 1 {most}\n".encode() + np.array(deep, ">u2").tobytes()
    assert pixels_of(content, channels=1).tolist() == [[0, 1, 255]]


def test_a_photograph_is_turned_as_its_camera_says():
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned: rotate by 90 degrees, clockwise

    assert np.array_equal(pixels_of(file_of(COLOUR, exif=exif)), np.rot90(COLOUR, -1))


def srgb(light: np.ndarray) -> np.ndarray:
    """The intensity 0..255 that a light 0..1 has in sRGB (IEC 61966-2-1)."""
    curve = np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    return np.rint(255 * curve).astype(int)


@pytest.mark.parametrize("gamma", [1.0, 1.8])
@pytest.mark.parametrize("form", ["PNG", "TIFF", "JPEG", "WEBP"])
def test_colours_of_another_profile_are_converted(form, gamma):
    lossless = {"PNG": {}, "TIFF": {}, "JPEG": {"quality": 100, "subsampling": 0}}
    options = lossless.get(form, {"lossless": True})
    plain = file_of(COLOUR, form, **options)
    expected = srgb((pixels_of(plain) / 255) ** gamma)

    found = pixels_of(file_of(COLOUR, form, icc_profile=colour_profile(gamma), **options))

    assert np.abs(found.astype(int) - expected).max() <= 1


def test_a_profile_whose_red_is_green_changes_the_colours():
    red, green, blue = SRGB_PRIMARIES
    swapped = {
        red: SRGB_PRIMARIES[green],
        green: SRGB_PRIMARIES[red],
        blue: SRGB_PRIMARIES[blue],
    }
    content = file_of(COLOUR, icc_profile=colour_profile(2.2, swapped))

    expected = srgb((COLOUR[..., [1, 0, 2]] / 255) ** 2.2)
    assert np.abs(pixels_of(content).astype(int) - expected).max() <= 1


def test_grey_of_another_profile_is_converted():
    content = file_of(GREY, icc_profile=grey_profile(1.0))
    assert np.abs(pixels_of(content, 1).astype(int) - srgb(GREY / 255)).max() <= 1


def test_sixteen_bits_of_another_profile_are_converted():
    deep = np.random.default_rng(1).integers(0, 65536, (5, 7, 3), np.uint16)
    content = imagecodecs.png_encode(deep)
    packed = zlib.compress(colour_profile(1.0))
    data = b"iCCP" + b"linear\0\0" + packed
    chunk = struct.pack(">I", len(data) - 4) + data + struct.pack(">I", zlib.crc32(data))
    content = content[:33] + chunk + content[33:]
    expected = srgb(np.rint(deep / 257) / 255)
    assert np.abs(pixels_of(content).astype(int) - expected).max() <= 1


@pytest.mark.parametrize(
    "profile",
    [
        ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),  # sRGB
        grey_profile(1.0),  # of grey, in a picture with colours
        b"no profile",
    ],
)
def test_a_profile_that_is_srgb_or_cannot_be_used_changes_no_bit(profile):
    assert np.array_equal(pixels_of(file_of(COLOUR, icc_profile=profile)), COLOUR)


def test_a_profile_of_more_than_a_megabyte_and_a_long_text_are_read():
    profile = colour_profile(1.0, padding=3 << 20)
    found = pixels_of(file_of(COLOUR, icc_profile=profile))
    assert np.abs(found.astype(int) - srgb(COLOUR / 255)).max() <= 1

    text = PngInfo()
    text.add_text("workflow", "a" * (3 << 20), zip=True)
    assert np.array_equal(pixels_of(file_of(COLOUR, pnginfo=text)), COLOUR)


@pytest.mark.parametrize("gamma", [0.45455, 1.0, 0.55])
def test_the_gamma_of_a_png_is_applied(gamma):
    ramp = bytes(range(256))
    chunk = (b"gAMA", struct.pack(">I", round(gamma * 100_000)))
    expected = srgb((np.arange(256) / 255) ** (1 / gamma)) if gamma != 0.45455 else np.arange(256)
    assert np.array_equal(pixels_of(png(8, [ramp], chunk), 1)[0], expected)
    declared = png(8, [ramp], (b"sRGB", b"\0"), chunk)  # which overrides the gamma
    assert pixels_of(declared, 1)[0].tolist() == list(range(256))


def test_cmyk_of_a_jpeg_without_a_marker_is_refused():
    content = file_of(Image.new("CMYK", (8, 8), (200, 0, 0, 0)), "JPEG")
    start = content.index(b"\xff\xee")
    length = struct.unpack_from(">H", content, start + 2)[0]
    assert content[start + 4 : start + 9] == b"Adobe"
    assert pixels_of(content)[4, 4].tolist() == pytest.approx([55, 255, 255], abs=3)

    with pytest.raises(PictureError, match="CMYK without Adobe's marker"):
        read_picture(content[:start] + content[start + 2 + length :], 3)


def test_a_file_that_cannot_be_read_is_refused_with_the_reason_of_its_reader():
    half_floats = tiff(np.zeros((2, 2, 3), np.uint16), 1).replace(
        struct.pack("<HHII", 262, 3, 1, 2), struct.pack("<HHII", 262, 3, 1, 9)
    )
    with pytest.raises(PictureError, match="^a TIFF that cannot be read: unknown pixel mode$"):
        read_picture(half_floats, 3)
    with pytest.raises(PictureError, match="^truncated or damaged: .*truncated"):
        read_picture(file_of(COLOUR, "BMP")[:-9], 3)


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
