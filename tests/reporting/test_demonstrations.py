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


@pytest.fixture
def shown(scale: Params, monkeypatch: pytest.MonkeyPatch) -> Params:
    """The made-up scale with the lecture's demonstration."""
    figures = Path("runs/self_similarity/figures")
    figures.mkdir(parents=True)
    for title in ("original", *NUMBERS, "sample", "texture"):
        Image.fromarray(np.zeros((4, 4, 3), np.uint8)).save(figures / f"{title}.png")
    write_json(Path("reports/metrics/self_similarity.json"), {"demonstration": NUMBERS})
    lecture = config.load(ROOT / "lecture/params.yaml")
    return scale.model_copy(update={"demonstrations": lecture.demonstrations})


def test_figures_are_shown_with_their_numbers(shown: Params):
    html = page.render(shown)

    section = html[html.index('<section id="self-similarity"') :].partition("</section>")[0]
    assert section.count("data:image/png;base64,") == 6
    for text in ("22.12 dB", "25.57 dB", "28.90 dB", "A piece of brick.png"):
        assert text in section
    assert '<a href="#self-similarity">' in html


def test_without_demonstrations_there_is_no_section(shown: Params):
    html = page.render(shown.model_copy(update={"demonstrations": {}}))

    assert "self-similarity" not in html


def test_a_number_that_is_missing_is_named_with_the_remedy(shown: Params):
    path = Path("reports/metrics/self_similarity.json")
    write_json(path, {"demonstration": NUMBERS | {"averaged": None}})

    with pytest.raises(DataError, match="averaged = None is not a number; .* demonstrate@self"):
        page.render(shown)
