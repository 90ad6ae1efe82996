import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline import config
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.files import write_json
from pipeline.reporting import page
from tests.reporting.scale import ROOT

NUMBERS = {"noisy": 22.1234, "averaged": 25.5678, "denoised": 28.9}
WEIGHTS = {
    f"weights_{number}": {"row": number, "column": number, "own": 0.1236, "patches": 1234.5}
    for number in (1, 2, 3)
}
DONE = ("shift_1", "shift_2", "shift_3", "mirrored")
MOVED = {
    table: {
        **dict.fromkeys(
            ("shaw_relative", "skewed_relative"),
            dict.fromkeys(DONE, {"mean": 0.0, "largest": 0.0}),
        ),
        "sinusoid": dict.fromkeys(DONE, {"mean": 0.1854, "largest": 0.9}),
    }
    for table in ("sequence", "image")
}


@pytest.fixture
def shown(scale: Params, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The made-up scale with the lecture's demonstration."""
    figures = Path("runs/self_similarity/figures")
    figures.mkdir(parents=True)
    for title in ("original", *NUMBERS, "sample", "texture", *WEIGHTS):
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(figures / f"{title}.png")
    write_numbers(NUMBERS)
    Path("runs/equivariance/figures").mkdir(parents=True)
    for title in ("placed", "moved"):
        Image.new("L", (4, 4)).save(f"runs/equivariance/figures/{title}.png")
    write_json(Path("reports/measurements/equivariance.json"), {"demonstration": MOVED})
    lecture = config.load(ROOT / "lecture/params.yaml")
    return scale.model_copy(update={"demonstrations": lecture.demonstrations})


def write_numbers(numbers: dict) -> None:
    path = Path("reports/measurements/self_similarity.json")
    write_json(path, {"demonstration": {"weights": WEIGHTS} | numbers})


def test_figures_are_shown_with_their_numbers(shown: Params):
    html = page.render(shown)

    section = html[html.index('<section id="self-similarity"') :].partition("</section>")[0]
    assert section.count("data:image/png;base64,") == 10
    for text in ("22.12 dB", "25.57 dB", "28.90 dB", "A piece of brick.png"):
        assert text in section
    assert '<a href="#self-similarity">' in html


def test_patches_are_framed_with_what_they_attend_to(shown: Params):
    html = page.render(shown)

    section = html[html.index('<h3 id="self-similarity-weights"') :].partition("<h3>")[0]
    frames = re.findall(r'class="patch" x="(-?\d+)" y="(-?\d+)" width="5" height="5"', section)
    assert frames == 2 * [("-1", "-1"), ("0", "0"), ("1", "1")]
    assert re.findall(r'class="patch-number"[^>]*>(\d)<', section) == list("123123")
    assert "Patch 2 gives itself 12.4 % of the weight" in section
    assert "equal ones on 1,234 of 16 patches" in section


def test_weights_that_were_not_recorded_are_named_with_the_remedy(shown: Params):
    write_numbers(NUMBERS | {"weights": {}})

    with pytest.raises(DataError, match=r"weights\.weights_1\.row = None .* demonstrate@self"):
        page.render(shown)


def test_runs_that_learned_the_texture_stand_beside_it(shown: Params):
    brick = config.load(ROOT / "lecture/params.yaml").datasets["brick"]
    name = next(run.dataset for run in shown.runs.values() if run.task == "image")
    runs = [run for run in shown.runs if shown.runs[run].dataset == name]
    html = page.render(shown.model_copy(update={"datasets": shown.datasets | {name: brick}}))

    section = html[html.index('<section id="self-similarity"') :].partition("</section>")[0]
    assert section.count("data:image/png;base64,") == 10 + len(runs)
    assert all(f">{run}</a>" in section for run in runs)
    assert "in 32 intensities" in section


def test_what_a_shift_changes_is_a_table(shown: Params):
    html = page.render(shown)

    section = html[html.index('<section id="equivariance"') :].partition("</section>")[0]
    assert section.count("data:image/png;base64,") == 2
    assert (section.count("0.185"), section.count("0.000</td>")) == (8, 16)
    assert "moved by 3 pixels</th>" in section and ">relative, skewed</th>" in section
    assert '<a href="#equivariance">Equivariance</a>' in html


def test_a_number_of_a_table_that_is_missing_is_named(shown: Params):
    numbers = MOVED | {"image": {"none": {"shift_1": {"mean": 0.0}}}}
    write_json(Path("reports/measurements/equivariance.json"), {"demonstration": numbers})

    with pytest.raises(DataError, match=r"image\.none\.shift_2\.mean = None .* demonstrate@equi"):
        page.render(shown)


def test_without_demonstrations_there_is_no_section(shown: Params):
    html = page.render(shown.model_copy(update={"demonstrations": {}}))

    assert 'id="self-similarity"' not in html and 'id="equivariance"' not in html


def test_a_number_that_is_missing_is_named_with_the_remedy(shown: Params):
    write_numbers(NUMBERS | {"averaged": None})

    with pytest.raises(DataError, match="averaged = None is not a number; .* demonstrate@self"):
        page.render(shown)
