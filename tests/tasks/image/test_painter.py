import io

import numpy as np
import pytest
import torch
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from models.build import build
from pipeline import config
from pipeline.decoding.sampling import TO_SAMPLE
from pipeline.errors import ConfigError, DataError
from pipeline.networks import Network
from pipeline.settings.base import Sampling
from pipeline.tasks.image import command, painter
from pipeline.tasks.image.codec import ImageCodec
from pipeline.tasks.image.decoding.decode import GAP
from pipeline.tasks.image.painter import (
    BATCH_IMAGES,
    Painter,
    arrange,
    check_class,
    enlarged,
    fitting_pixels,
    is_likelier_inverted,
    negative,
)
from tests.models.networks import images
from tests.tasks.image.counting import Counting
from tests.tasks.image.networks import LOCAL, SHAPE, settings

LOCAL_1D = settings(LOCAL["local_1d"])
CODEC = ImageCodec.of(SHAPE)


def sampling(seed: int = 1, temperature: float = 1.0) -> Sampling:
    return Sampling(seed=seed, temperature=temperature, top_k=None, top_p=1.0)


@pytest.fixture
def network():
    torch.manual_seed(1)
    return build(LOCAL_1D, SHAPE).eval()


def silent(_: str) -> None:
    """Nothing that is said is looked at."""


def test_images_of_a_class_are_those_that_the_network_draws():
    painter = Painter(Counting(LOCAL_1D, SHAPE, 100.0), sampling())
    (images,) = painter.paint(7, 3)
    assert images.shape == (3, 4, 4, 1)
    assert (images.reshape(3, 16) == (7 + np.arange(16)) % 17).all()


def test_what_is_finished_stays_and_no_batch_repeats_another(network):
    first, second, last = Painter(network, sampling()).paint(3, 2 * BATCH_IMAGES + 1)
    counts = [BATCH_IMAGES, 2 * BATCH_IMAGES, 2 * BATCH_IMAGES + 1]
    assert [len(images) for images in (first, second, last)] == counts
    assert np.array_equal(second[:BATCH_IMAGES], first) and np.array_equal(
        last[: 2 * BATCH_IMAGES], second
    )
    assert len({image.tobytes() for image in last}) == len(last)


def test_a_seed_gives_the_same_images_and_another_one_others(network):
    one, same, other = (
        next(Painter(network, sampling(seed)).paint(3, 4)).tolist() for seed in (1, 1, 2)
    )
    assert one == same != other


def test_a_low_temperature_draws_the_likeliest(network):
    (images,) = Painter(network, sampling(temperature=1e-4)).paint(3, BATCH_IMAGES)
    assert len({image.tobytes() for image in images}) == 1


def test_a_completion_keeps_the_upper_half_and_comes_after_what_is_given():
    pixels = np.arange(16).reshape(4, 4, 1)
    painter = Painter(Counting(LOCAL_1D, SHAPE, 100.0), sampling())
    (images,) = painter.complete(2, pixels, 3)
    assert np.array_equal(images[0, :2], pixels[:2]) and (images[0, 2:] == TO_SAMPLE).all()
    assert all(np.array_equal(image, pixels) for image in images[1:])


def save(path, pixels, mode=None):
    Image.fromarray(np.asarray(pixels, np.uint8), mode).save(path)
    return path


def test_a_picture_that_fits_is_read_without_a_word(tmp_path):
    pixels = np.arange(16).reshape(4, 4, 1)
    path = save(tmp_path / "fits.png", np.rint(pixels[..., 0] * 255 / 16))
    said: list[str] = []
    assert np.array_equal(fitting_pixels(path, CODEC, said.append), pixels)
    assert said == []


def test_what_is_converted_is_said_in_one_line(tmp_path):
    colours = np.zeros((8, 12, 3))
    colours[:, 2:6] = 255  # of the middle 8 columns the left half
    path = save(tmp_path / "large.png", colours)
    said: list[str] = []
    assert fitting_pixels(path, CODEC, said.append)[..., 0].tolist() == [[16, 16, 0, 0]] * 4
    assert said == [f"{path}: made grey, 12 x 8 pixels cropped and resized to 4 x 4"]
    path = save(tmp_path / "levels.png", np.full((4, 4), 100))
    said.clear()
    assert (fitting_pixels(path, CODEC, said.append) == 100 * 17 // 256).all()
    assert said == [f"{path}: rounded to 17 levels"]


def test_a_colour_network_is_given_colours(tmp_path):
    codec = ImageCodec.of(images(4, 4, channels=3, inputs=27, outputs=17))
    path = save(tmp_path / "grey.png", np.full((4, 4), 255))
    said: list[str] = []
    assert (fitting_pixels(path, codec, said.append) == np.full((4, 4, 3), 16)).all()
    assert said == [f"{path}: made RGB"]


@pytest.mark.parametrize("mode", ["1", "P", "LA", "CMYK", "YCbCr", "I;16"])
def test_other_pictures_keep_their_brightness(tmp_path, mode):
    picture = Image.new("L", (4, 4), 255)
    picture.paste(0, (0, 2, 4, 4))
    path = tmp_path / ("picture.jpg" if mode in ("CMYK", "YCbCr") else "picture.png")
    if mode == "I;16":
        picture = Image.fromarray(np.asarray(picture, np.uint16) * 257)
    else:
        picture = picture.convert("RGB").convert(mode)
    picture.save(path, **({"quality": 100} if "j" in path.suffix else {}))
    assert fitting_pixels(path, CODEC, silent)[..., 0].tolist() == [[16] * 4] * 2 + [[0] * 4] * 2


def test_a_picture_with_a_long_text_is_read(tmp_path):
    long = PngInfo()
    long.add_text("workflow", "a" * (3 << 20), zip=True)
    Image.new("L", (4, 4), 255).save(tmp_path / "a.png", pnginfo=long)
    assert (fitting_pixels(tmp_path / "a.png", CODEC, silent) == 16).all()


def test_what_is_no_picture_is_refused_in_one_line(tmp_path):
    clear, whole = io.BytesIO(), io.BytesIO()
    Image.fromarray(np.zeros((4, 4, 4), np.uint8)).save(clear, "PNG")
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (99, 99), np.uint8)).save(
        whole, "PNG"
    )
    contents = {
        "text.png": (b"hello", "not an image"),
        "cut.png": (whole.getvalue()[:5000], "truncated"),
        "clear.png": (clear.getvalue(), "partly transparent"),
    }
    for name, (content, message) in contents.items():
        (tmp_path / name).write_bytes(content)
        with pytest.raises(DataError, match=f"{name}: {message}.*; give another") as caught:
            fitting_pixels(tmp_path / name, CODEC, silent)
        assert "\n" not in str(caught.value)
    with (tmp_path / "large.png").open("wb") as file:
        file.truncate(5 << 30)
    with pytest.raises(DataError, match=r"large\.png: a file of more than 268,435,456 bytes; give"):
        fitting_pixels(tmp_path / "large.png", CODEC, silent)
    with pytest.raises(FileNotFoundError):
        fitting_pixels(tmp_path / "nowhere.png", CODEC, silent)


def test_a_class_has_to_be_one_of_those_trained_on():
    assert check_class(7, 10) == 7 and check_class(None, 1) == 0
    for label, told in ((None, "is missing"), (10, "10 does not exist"), (-1, "-1 does not exist")):
        with pytest.raises(ConfigError, match=f"--class {told}: .* classes 0 to 9"):
            check_class(label, 10)


def test_cells_lie_in_rows_and_what_is_not_finished_is_a_gap():
    cells = np.arange(5, dtype=np.uint8)[:, None, None, None]
    page = arrange(cells, 7)
    assert page[..., 0, 0, 0].tolist() == [[0, 1, 2], [3, 4, 128], [128, 128, 128]]
    assert arrange(cells[:1], 1).shape == (1, 1, 1, 1, 1)


@pytest.fixture
def painted(network, monkeypatch, tmp_path):
    """The command, with a network that is not trained in place of that of the run."""
    params = config.load()
    monkeypatch.setattr(config, "load", lambda: params)
    monkeypatch.setattr(Network, "load", lambda *_: network)
    monkeypatch.chdir(tmp_path)

    def paint(*arguments: str) -> None:
        command.run(command.parse(arguments))

    return paint


def test_the_command_writes_a_picture_and_says_how_far_it_is(painted, capsys):
    painted("--run", "image_local_1d", "--class", "7", "--count", "20", "-o", "out.png")
    assert Image.open("out.png").size == ((5 * 5 - 1) * 28, (4 * 5 - 1) * 28)
    said = capsys.readouterr().err.splitlines()
    assert "out.png: 16 of 20" in said and said[-1] == "out.png: 20 of 20"


def test_the_picture_is_written_whenever_images_are_finished(painted, monkeypatch):
    written = []
    monkeypatch.setattr(painter, "write_atomically", lambda path, content: written.append(content))
    painted("--run", "image_local_1d", "--class", "7", "--count", "9", "-o", "out.png")
    pages = [np.array(Image.open(io.BytesIO(content)))[::28, ::28] for content in written]
    cells = [np.pad(page, (0, 1)).reshape(3, 5, 3, 5).swapaxes(1, 2) for page in pages]
    finished = [(each[:, :, :4, :4] != GAP).any(axis=(2, 3)).ravel() for each in cells]
    assert [each.tolist() for each in finished] == [
        [cell < count for cell in range(9)] for count in (BATCH_IMAGES, 2 * BATCH_IMAGES, 9)
    ]


def test_the_command_completes_a_picture(painted, tmp_path, capsys):
    save(tmp_path / "mine.png", np.full((10, 10), 90))
    painted(
        *("--run", "image_local_1d", "--class", "7", "--complete", "mine.png"),
        *("--count", "3", "--temperature", "0.5", "--seed", "4", "-o", "out.png"),
    )
    page = np.array(Image.open("out.png"))[::32, ::32]
    upper = round(90 * 17 // 256 * 255 / 16)
    for row, column in ((0, 0), (0, 5), (5, 0), (5, 5)):
        assert (page[row : row + 2, column : column + 4] == upper).all()
    assert "mine.png: 10 x 10 pixels cropped and resized to 4 x 4" in capsys.readouterr().err
    painted(
        *("--run", "image_local_1d", "--class", "7", "--complete", "mine.png", "--invert"),
        *("--count", "3"),
    )
    negative = np.array(Image.open("painted.png"))[0, 0]
    assert negative == round((16 - 90 * 17 // 256) * 255 / 16)


def test_each_image_is_wide_enough_to_look_at_and_no_pixel_is_blurred():
    for width, factor in ((16, 8), (100, 2), (128, 1), (500, 1)):
        pixels = np.arange(3 * width, dtype=np.uint8).reshape(1, -1).repeat(2, axis=0)
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, "PNG")
        found = np.array(Image.open(io.BytesIO(enlarged(file.getvalue(), columns=3))))
        assert np.array_equal(found, pixels.repeat(factor, axis=0).repeat(factor, axis=1))


def test_a_picture_of_ink_is_told_and_one_of_light_is_not(network):
    """By how likely the upper half is; Counting finds an image that counts upwards likeliest."""
    upwards = np.arange(16).reshape(4, 4, 1)
    model = Counting(LOCAL_1D, SHAPE, 100.0)
    assert not is_likelier_inverted(model, 0, upwards)
    assert is_likelier_inverted(model, 0, negative(upwards, CODEC))
    swapped = upwards.copy()
    swapped[2:] = negative(upwards, CODEC)[2:]  # what is painted over does not count
    assert not is_likelier_inverted(model, 0, swapped)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--run", "music_relative", "-o", "a.png"), "runs.music_relative.task = music does not"),
        (("--run", "image_local_1d", "-o", "a.jpg"), "-o a.jpg: the output is a PNG"),
        (("--run", "image_local_1d", "-o", "a.png"), "--class is missing"),
        (("--run", "image_local_1d", "-o", "a.png", "--temperature", "-1"), "--temperature = -1.0"),
        (("--run", "image_local_1d", "-o", "a.png", "--top-p", "2"), "--top-p = 2.0: should be"),
    ],
)
def test_what_cannot_be_painted_is_refused_in_one_line(painted, arguments, message):
    with pytest.raises(ConfigError, match=message):
        painted(*arguments)


@pytest.mark.parametrize("count", ["0", "two"])
def test_a_count_that_is_no_positive_number_is_refused(painted, count, capsys):
    with pytest.raises(SystemExit):
        painted("--run", "image_local_1d", "-o", "a.png", "--count", count)
    assert "argument --count: " in capsys.readouterr().err
