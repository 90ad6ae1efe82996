import base64
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.reporting.results import Result, read_results
from pipeline.tasks.translation.reporting.attention import Kind, read_attention

ATTENTION = Path("runs/translation_sinusoid/records/attention.json")


@pytest.fixture
def result(scale: Params) -> Result:
    return read_results(scale)[0]


def opacity(uri: str) -> np.ndarray:
    content = base64.b64decode(uri.partition("base64,")[2])
    return np.asarray(Image.open(io.BytesIO(content)))[..., 3]


def test_a_pixel_is_the_root_of_the_mean_weight_of_the_heads(result: Result):
    content = json.loads(ATTENTION.read_text())
    heads = np.zeros((4, 3, 6), int)
    heads[0, 2, 5], heads[1, 2, 5], heads[:, 0, 1] = 1000, 440, 1000
    content["sentences"][0]["cross"] = [heads.tolist()]
    ATTENTION.write_text(json.dumps(content))

    (layer,) = read_attention(result).maps[Kind.CROSS]

    expected = np.zeros((3, 6))
    expected[0, 1], expected[2, 5] = 255, round(255 * 0.6)
    np.testing.assert_array_equal(opacity(layer.uri), expected)
    assert (layer.queries, layer.keys) == (3, 6)


def test_the_sentence_is_the_text_of_its_pieces(result: Result):
    assert read_attention(result).sentence == "Turn on the light"


def test_without_attention_there_is_none(result: Result):
    ATTENTION.write_text('{"sentences": []}')
    assert read_attention(result) is None
    ATTENTION.unlink()
    assert read_attention(result) is None


@pytest.mark.parametrize("part", ["source", "encoder", "cross"])
def test_damaged_attention_is_named_with_the_remedy(result: Result, part: str):
    content = json.loads(ATTENTION.read_text())
    del content["sentences"][0][part]
    ATTENTION.write_text(json.dumps(content))
    with pytest.raises(DataError, match=f"attention.json: .*{part}.*evaluate@translation_sinus"):
        read_attention(result)
