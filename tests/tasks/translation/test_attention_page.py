"""The page of `translate --attention` shows the weights that the evaluation records."""

import json
import re
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import torch

from models.build import build
from models.settings import Structure
from pipeline import config
from pipeline.errors import ConfigError
from pipeline.tasks.translation import command
from pipeline.tasks.translation.attention_page import attended, attention_page
from pipeline.tasks.translation.codec import EOS
from pipeline.tasks.translation.encoding.codec_files import train
from pipeline.tasks.translation.metrics import attention
from tests.models.baselines import LSTM
from tests.models.networks import sequences, settings
from tests.test_config import DEFAULT

TEXT = ["The light is on.", "The door is open.", "Turn the light off, please.", "Ein Haus."] * 3


@pytest.fixture
def codec(tmp_path):
    return train(TEXT, 290, tmp_path)


@pytest.fixture
def network(codec):
    torch.manual_seed(1)
    shape = sequences(codec.size, codec.size)
    return build(settings(Structure.ENCODER_DECODER), shape).eval()


def test_the_weights_are_those_of_the_report_and_of_a_distribution(codec, network):
    source = codec.encode("The light is open.")
    found = attended(network, codec, source, "Ein Haus.")
    recorded = attention._sentence(network, np.array([*source, EOS]), "Ein Haus.", codec)
    assert found == recorded
    for kind, keys in (("encoder", "source"), ("decoder", "target"), ("cross", "source")):
        weights = np.array(found[kind])
        assert weights.shape[3] == len(found[keys])
        assert np.abs(weights.sum(axis=-1) - 1000).max() <= weights.shape[3] / 2
    assert (np.triu(np.array(found["decoder"]), 1) == 0).all()


def test_the_page_holds_every_translation_but_the_empty(codec, network):
    pairs = [(codec.encode("The light."), "Ein Haus."), ([], ""), (codec.encode("Off."), "light")]
    page = attention_page("run: en to de & more", network, codec, pairs)
    (text,) = re.findall(r'data-sentences="([^"]*)"', page)
    sentences = json.loads(unescape(text))
    found = ["".join(each["target"][1:]).replace("▁", " ") for each in sentences]
    assert found == [" Ein Haus.", " light"]
    assert "en to de &amp; more" in page and "//" not in unescape(text)


def test_a_network_without_attention_and_a_page_of_another_format_are_refused():
    run = config.run_of(config.load(DEFAULT), "translation_sinusoid")
    command._check_attention(Path("a.html"), "run", run)
    with pytest.raises(ConfigError, match="^--attention a.pdf: a page; choose a name that ends in"):
        command._check_attention(Path("a.pdf"), "run", run)
    other = run.model_copy(update={"model": LSTM})
    with pytest.raises(ConfigError, match="runs.run.model.architecture = lstm keeps no attention"):
        command._check_attention(Path("a.html"), "run", other)
