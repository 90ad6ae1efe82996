import copy
import json
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from ruamel.yaml import YAML

from pipeline import config, demonstrate
from pipeline.errors import ConfigError, DataError
from pipeline.judging.claims import read_claims
from pipeline.judging.judgements import Verdict
from pipeline.judging.measured import read_measured
from pipeline.judging.verdicts import judge
from pipeline.tasks.image.reporting.demonstrations import read_demonstration
from tests.tasks.image.pictures import file_of

ROOT = Path(__file__).parents[1]
RAW = YAML(typ="safe", pure=True).load((ROOT / "lecture/params.yaml").read_text(encoding="utf-8"))
DEMONSTRATION = RAW["demonstrations"]["self_similarity"]


def small() -> dict:
    """The lecture's parameters, with pieces that are quick to compute."""
    raw = copy.deepcopy(RAW)
    settings = raw["demonstrations"]["self_similarity"]
    settings["denoising"] |= {"photograph": "a.png", "top": 3, "left": 2, "size": 24}
    settings["denoising"]["tests"] = {"photographs": ["a.png"], "crops": 4, "size": 16, "draws": 2}
    settings["texture"] |= {"photograph": "a.png", "sample": 12, "size": 9, "neighbourhood": 5}
    raw["demonstrations"]["equivariance"] |= {"photograph": "a.png", "top": 4, "left": 4, "size": 4}
    return raw


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """A folder with parameters and the wheel of one smooth photograph."""
    monkeypatch.chdir(tmp_path)
    Path("params.yaml").write_text(json.dumps(small()))
    raw = Path("data/raw/photographs")
    raw.mkdir(parents=True)
    rows, columns = np.mgrid[0:40, 0:40]
    shades = np.where((rows // 8 + columns // 8) % 2, 200, 60).astype(np.uint8)
    with zipfile.ZipFile(raw / "scikit_image.whl", "w") as wheel:
        wheel.writestr("skimage/data/a.png", file_of(shades))
    return tmp_path


def test_figures_and_numbers_are_written_and_read_again(scale):
    demonstrate.main("self_similarity")

    settings = config.demonstration_of(config.load(), "self_similarity")
    read = read_demonstration("self_similarity", settings, [])
    sizes = {title: picture.size for title, picture in read.pictures.items()}
    assert sizes == {
        "original": 24,
        "noisy": 24,
        "averaged": 24,
        "denoised": 24,
        "sample": 12,
        "texture": 9,
        "weights_1": 24,
        "weights_2": 24,
        "weights_3": 24,
    }
    rows = [numbers["row"] for numbers in read.tables["weights"].values()]
    assert rows == [6, 12, 18]
    psnr = {title: picture.psnr for title, picture in read.pictures.items()}
    assert psnr["noisy"] == pytest.approx(20 * np.log10(255 / 20), abs=0.5)
    assert psnr["denoised"] > psnr["noisy"] + 3 > psnr["averaged"]
    original = Image.open("runs/self_similarity/figures/original.png")
    assert np.asarray(original)[5, :7, 0].tolist() == [200] * 6 + [60]


def test_crops_are_denoised_for_a_paired_test(scale):
    demonstrate.main("self_similarity")
    crops = read_measured().records["self_similarity"].splits["test"]
    assert len(crops.clusters) == len(set(crops.clusters)) == 4
    assert crops.statistics["crop_peak"].tolist() == [255.0**2 * 16 * 16 * 3 * 2] * 4
    assert (crops.statistics["denoised_error"] < crops.statistics["averaged_error"]).all()
    (claim,) = [each for each in read_claims() if each.id == "nonlocal_means"]
    assert judge(claim, read_measured()).verdict is Verdict.REPRODUCED


def test_more_crops_than_a_photograph_holds_are_refused(scale):
    raw = small()
    raw["demonstrations"]["self_similarity"]["denoising"]["tests"]["crops"] = 5
    Path("params.yaml").write_text(json.dumps(raw))
    with pytest.raises(ConfigError, match="a.png has 4 squares of 16 pixels, fewer than crops = 5"):
        demonstrate.main("self_similarity")


def test_a_shift_is_written_and_read_again_the_same_bytes_each_time(scale):
    contents = []
    for _ in range(2):
        demonstrate.main("equivariance")
        figures = sorted(Path("runs/equivariance/figures").iterdir())
        metrics = Path("reports/measurements/equivariance.json")
        contents.append([path.read_bytes() for path in [*figures, metrics]])
    assert contents[0] == contents[1] and len(contents[0]) == 3

    settings = config.demonstration_of(config.load(), "equivariance")
    read = read_demonstration("equivariance", settings, [])
    assert {title: picture.size for title, picture in read.pictures.items()} == {
        "placed": 24,
        "moved": 24,
    }
    assert set(read.tables["image"]) == set(read.tables["sequence"]) | {
        "local_none",
        "local_sinusoid",
    }
    assert read.tables["image"]["skewed_relative"]["shift_3"] == 0.0
    assert read.tables["image"]["sinusoid"]["shift_3"] > 0.1
    pixels = np.asarray(Image.open("runs/equivariance/figures/placed.png"))
    assert np.unique(pixels[8:12, 8:12]).tolist() == [60] and pixels.max() == 60


def test_equal_seeds_give_equal_bytes(scale):
    contents = []
    for _ in range(2):
        demonstrate.main("self_similarity")
        figures = sorted(Path("runs/self_similarity/figures").iterdir())
        metrics = Path("reports/measurements/self_similarity.json")
        contents.append([path.read_bytes() for path in [*figures, metrics]])

    assert contents[0] == contents[1] and len(contents[0]) == 10


def test_a_piece_outside_the_photograph_is_told(scale):
    raw = small()
    raw["demonstrations"]["self_similarity"]["denoising"]["left"] = 17
    Path("params.yaml").write_text(json.dumps(raw))

    with pytest.raises(ConfigError, match=r"left = 17 is not inside a\.png of 40 rows"):
        demonstrate.main("self_similarity")


def test_a_missing_or_damaged_figure_is_named_with_the_remedy(scale):
    demonstrate.main("self_similarity")
    settings = config.demonstration_of(config.load(), "self_similarity")
    Path("runs/self_similarity/figures/texture.png").write_bytes(b"text")

    with pytest.raises(DataError, match=r"texture\.png: not a PNG .* demonstrate@self_similarity"):
        read_demonstration("self_similarity", settings, [])


@pytest.mark.parametrize(
    ("name", "dataset", "expected"),
    [
        (
            "self_similarity",
            "digits",
            r"reader = sklearn_digits; use .* skimage_photographs",
        ),
        ("self_similarity", "photograph", r"is not among datasets .* did you mean photographs\?"),
        ("image_texture", "photographs", r"has the name of a run"),
    ],
)
def test_what_a_demonstration_cannot_use_is_told(name, dataset, expected):
    raw = small()
    raw["demonstrations"] = {name: DEMONSTRATION | {"dataset": dataset}}

    with pytest.raises(ConfigError, match=expected):
        config.parse(raw, Path("params.yaml"))
