import json
from pathlib import Path

import numpy as np
import pytest
import torch

from models.build import build
from models.settings import Structure
from pipeline import evaluate as stage
from pipeline.corpus import write_sequences
from pipeline.evaluation import Evaluation
from pipeline.records import Records, read_records
from pipeline.tasks.translation.codec import BOS, EOS
from pipeline.tasks.translation.encoding.codec_files import train
from pipeline.tasks.translation.metrics.attention import attention_of_sentences, select_sentences
from tests.models.baselines import LSTM_TRANSLATOR
from tests.models.networks import sequences, settings

SOURCES = ["a door", "the light in the hall is on", "the door is open", "the hall"]
HYPOTHESES = ["eine Tür", "das Licht im Flur ist an", "", "der Flur"]
PIECES = 290


@pytest.fixture
def pieces(tmp_path):
    """The codec of an encoded data set with the sources as its test split."""
    learned = train((SOURCES + HYPOTHESES) * 3, PIECES, tmp_path)
    ids = [np.array(learned.encode(text)) for text in SOURCES]
    write_sequences(tmp_path, "test", "source", ids, np.dtype(np.uint16))
    return learned


@pytest.fixture
def model():
    torch.manual_seed(1)
    return build(settings(Structure.ENCODER_DECODER), sequences(PIECES, PIECES)).eval()


def test_weights_are_those_of_the_sentence_and_its_translation(model, pieces, tmp_path):
    sentences = attention_of_sentences(model, tmp_path, HYPOTHESES, 9)["sentences"]

    lengths = np.array([len(pieces.encode(text)) for text in SOURCES])
    assert len(sentences) == len(select_sentences(lengths, 9)) > 0
    for index, sentence in zip(select_sentences(lengths, 9), sentences, strict=True):
        source = [*pieces.encode(SOURCES[index]), EOS]
        target = [BOS, *pieces.encode(HYPOTHESES[index])]
        names = pieces.vocabulary()
        assert sentence["source"] == [names[each] for each in source]
        assert sentence["target"] == [names[each] for each in target]
        internals = model.internals(torch.tensor([target]), torch.tensor([source]))
        maps = {
            "encoder": internals.encoder_attention,
            "decoder": internals.decoder_attention,
            "cross": internals.cross_attention,
        }
        for kind, layers in maps.items():
            expected = np.stack([weights[0].numpy() for weights in layers])
            measured = np.array(sentence[kind])
            assert measured.dtype.kind == "i"
            assert measured.shape == expected.shape
            assert np.abs(measured / 1000 - expected).max() <= 0.0005001
        assert np.array_equal(sentence["decoder"], np.tril(sentence["decoder"]))


def test_sentences_are_those_that_fit_evenly_spread():
    lengths = np.array([5, 6, 16, 17, 10, 10, 10, 10, 10, 3])
    assert select_sentences(lengths, 1) == [5]
    assert select_sentences(lengths, 2) == [2, 7]
    assert select_sentences(lengths, 7) == select_sentences(lengths, 99) == [1, 2, 4, 5, 6, 7, 8]
    assert select_sentences(np.array([1, 2, 40]), 3) == []


def test_none_are_asked_for_and_a_network_that_is_no_transformer_has_none(model, pieces, tmp_path):
    recurrent = build(LSTM_TRANSLATOR, sequences(PIECES, PIECES)).eval()
    assert attention_of_sentences(recurrent, tmp_path, HYPOTHESES, 4) == {"sentences": []}
    assert attention_of_sentences(model, tmp_path, HYPOTHESES, 0) == {"sentences": []}


@pytest.mark.parametrize("sentences", [[], [{"source": ["▁a", "</s>"], "cross": [[[[1000, 0]]]]}]])
def test_the_stage_writes_them_beside_the_records(sentences, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    root = Path(__file__).parents[3]
    Path("params.yaml").write_text((root / "params.yaml").read_text(encoding="utf-8"))
    nats = {"nats": np.array([1.5]), "tokens": np.array([2])}
    evaluation = Evaluation(
        metrics={"test": {"bleu": 1.5}, "baseline": {}},
        records={"test": Records("digest", ["page"], nats)},
        details={"test": [{"nats": 1.5}]},
        figures={"attention": {"sentences": sentences}},
    )
    network = torch.nn.Linear(2, 3)
    monkeypatch.setattr(stage, "load_model", lambda *_: network)
    monkeypatch.setattr(
        "pipeline.tasks.translation.metrics.evaluate.evaluate", lambda *_: evaluation
    )

    stage.main("translation_sinusoid")

    records = Path("runs/translation_sinusoid/records")
    text = (records / "attention.json").read_text(encoding="utf-8")
    assert json.loads(text) == {"sentences": sentences} and text.count("\n") == 1
    assert (records / "test.jsonl").read_text() == '{"nats": 1.5}\n'
    written = json.loads(Path("reports/measurements/translation_sinusoid.json").read_text())
    assert set(written["translation"]) == {"test", "baseline"}
    in_git = read_records("translation_sinusoid")
    assert in_git.splits["test"].statistics["nats"].tolist() == [1.5]
    assert in_git.settings["dataset"] == "home_assistant" and "title" not in in_git.settings
