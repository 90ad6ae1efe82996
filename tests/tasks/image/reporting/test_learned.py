import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import config
from pipeline.reporting.results import Result
from pipeline.tasks.image.decoding.decode import png_grid
from pipeline.tasks.image.reporting.learned import read_learned, roughness
from tests.reporting.scale import ROOT

PATCH = 32
LECTURE = config.load(ROOT / "lecture/params.yaml")
TEXTURE = Result("image_texture", LECTURE.runs["image_texture"], LECTURE.datasets["brick"], {}, 1)


def stripes(step: int) -> np.ndarray:
    """Columns that alternate between two intensities `step` apart: (row, column, channel)."""
    columns = np.arange(PATCH) % 2 * step
    return np.broadcast_to(columns[None, :, None], (PATCH, PATCH, 3)).astype(np.uint8)


@pytest.fixture
def written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Write a photograph with stripes of one step and generated pieces with stripes of another."""
    monkeypatch.chdir(tmp_path)

    def write(real: int, generated: int) -> Path:
        Image.fromarray(stripes(real)).save("sample.png")
        TEXTURE.samples.mkdir(parents=True, exist_ok=True)
        pieces = np.broadcast_to(stripes(generated), (2, 5, PATCH, PATCH, 3))
        (TEXTURE.samples / "conditional.png").write_bytes(png_grid(pieces))
        facts = {"conditional": {"rows": 2, "columns": 5, "temperature": 1.0}}
        (TEXTURE.samples / "samples.json").write_text(json.dumps(facts))
        return Path("sample.png")

    return write


def test_roughness_is_the_mean_difference_of_adjacent_pixels():
    picture = np.array([[[0], [51]], [[102], [255]]])  # differences 51, 153; 102, 204
    assert roughness(picture) == pytest.approx((0.2 + 0.6 + 0.4 + 0.8) / 4)


@pytest.mark.parametrize(
    ("real", "generated", "failure"),
    [
        (51, 102, "Noise: its adjacent pixels differ by 20.0 % of the range of intensities on "
                  "average, those of the photograph by 10.0 %."),
        (102, 51, "Too smooth: its adjacent pixels differ by 10.0 % of the range of intensities "
                  "on average, those of the photograph by 20.0 %."),
        (51, 60, None),
    ],
)  # fmt: skip
def test_a_texture_rougher_or_smoother_than_the_photograph_is_told(
    written, real: int, generated: int, failure: str | None
):
    (learned,) = read_learned("brick.png", written(real, generated), [TEXTURE])
    assert learned.failure == failure


def test_runs_on_other_pictures_or_without_samples_are_left_out(written):
    piece = written(51, 51)
    digits = replace(TEXTURE, dataset=LECTURE.datasets["digits"])
    absent = replace(TEXTURE, name="absent")
    assert read_learned("brick.png", piece, [digits, absent]) == []
