"""Previews of links: addresses, the best scores, and the picture."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageColor

from pipeline.errors import PipelineError
from pipeline.publishing.drawing import PANEL, colours, has_glyphs
from pipeline.publishing.headlines import describe, read_headlines
from pipeline.publishing.picture import write_picture
from pipeline.publishing.preview import Preview, checked_address
from pipeline.reporting.results import read_results


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("https://example.org", "https://example.org/"),
        ("http://example.org:8080/a/v1.0", "http://example.org:8080/a/v1.0/"),
        ("https://example.org/a%20b//", "https://example.org/a%20b/"),
    ],
)
def test_addresses_of_folders_end_in_a_slash(text, address):
    assert checked_address(text) == address


@pytest.mark.parametrize(
    "text",
    [
        "example.org/a",
        "ftp://example.org/",
        "https://",
        "https:///a/",
        "https://example.org:x/",
        "https://[1/",
        "https://example.org/?a=1",
        "https://example.org/#a",
        "https://example.org/index.html",
        "https://example.org/a b",
        "https://example.org/ä",
        "https://example.org/\n",
    ],
)
def test_what_is_no_address_of_a_folder_is_refused(text):
    with pytest.raises(
        PipelineError, match="(?s)--address .*; give one such as https://example.org/"
    ):
        checked_address(text)


def test_pages_and_picture_have_absolute_addresses():
    preview = Preview("Title", "Description", "play.html", "https://example.org/a/")
    assert preview.address == "https://example.org/a/play.html"
    assert preview.picture == "https://example.org/a/preview.png"
    assert Preview("Title", "Description", "", "https://example.org/a/").address[-3:] == "/a/"


def test_headlines_are_the_best_scores_in_the_order_of_the_report(scale):
    headlines = read_headlines(read_results(scale))
    assert [(each.title, each.score) for each in headlines] == [
        ("Translation", "BLEU 23.4"),
        ("Images", "bits per dimension 2.051"),
        ("Music", "nats per token 0.512"),
        ("Molecules", "mean absolute error 3.41"),
        ("Classification", "accuracy 71.0 %"),
    ]
    assert "Music: nats per token 0.512; Molecules" in describe(headlines)


def panels(path: Path) -> list[np.ndarray]:
    """What translation, image and music show."""
    picture = np.asarray(Image.open(path))
    assert picture.shape == (630, 1200, 3)
    return [picture[200 : 200 + PANEL[1], left : left + PANEL[0]] for left in (64, 432, 800)]


def is_colour(panel: np.ndarray, name: str) -> np.ndarray:
    return (panel == ImageColor.getrgb(colours()[name])).all(axis=-1)


def test_the_picture_shows_what_was_generated_and_is_the_same_each_time(scale, tmp_path):
    results = read_results(scale)
    paths = [tmp_path / name for name in ("one.png", "two.png")]
    for path in paths:
        write_picture(scale, results, read_headlines(results), path)
    assert paths[0].read_bytes() == paths[1].read_bytes()
    translation, image, music = panels(paths[0])
    assert is_colour(translation, "accent").any()
    grid = np.asarray(Image.open("runs/image_local_1d/samples/completions.png"))
    assert set(np.unique(image[..., 0])) & set(np.unique(grid))
    assert is_colour(music, "given")[:, 0].any() and not is_colour(music, "given")[:, -1].any()
    assert all(is_colour(music, f"voice-{voice}").any() for voice in range(4))


def test_without_pictures_the_scores_are_there(scale, tmp_path):
    """Of a scale whose tasks show nothing on the first screen."""
    of_molecules = [each for each in read_results(scale) if each.run.task == "molecules"]
    write_picture(scale, of_molecules, read_headlines(of_molecules), tmp_path / "one.png")
    assert all(is_colour(panel, "page").all() for panel in panels(tmp_path / "one.png"))
    below = np.asarray(Image.open(tmp_path / "one.png"))[540:]
    assert is_colour(below, "muted").any()


def test_letters_that_the_font_lacks_are_known():
    assert has_glyphs("Turn on the light.") and not has_glyphs("für")
