"""CTranslate2's search with our networks, held to our own search and scores."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from models.build import build
from models.settings import LstmSettings, Norm, ShawParts, Structure
from models.shared.heads import IGNORED
from pipeline.errors import CheckpointError
from pipeline.tasks.translation import engine
from pipeline.tasks.translation.codec import BOS, EOS, PAD
from pipeline.tasks.translation.decoding.beam import length_penalty
from pipeline.tasks.translation.decoding.decode import translate
from pipeline.tasks.translation.encoding.codec_files import train
from pipeline.tasks.translation.engine import check_ctranslate2, check_exportable
from pipeline.tasks.translation.settings import (
    Beam,
    Greedy,
    TranslationDecoding,
    TranslationSampling,
)
from pipeline.training.batches import pad
from tests.models.networks import LEARNED, SHAW, SINUSOID, sequences, settings

ALPHA, EXTRA = 0.6, 10
TOLERANCE = 2e-5  # of scores: rounding
BEAM = Beam(kind="beam", beam_size=4, length_penalty=ALPHA, n_best=4)
SAMPLING = TranslationSampling(kind="sampling", seed=1, temperature=1.0, top_k=None, top_p=1.0)
TEXT = ["The light is on.", "The door is open.", "Turn the light off, please.", "Ein Haus."] * 3
LINES = ["The light.", "Turn the door off, please.", "Ein Haus.", "on", "Is the light on? " * 9]
POSITIONS = {
    "sinusoid": SINUSOID,
    "shaw": SHAW,
    "shaw keys": SHAW.model_copy(update={"parts": ShawParts.KEYS}),
    "shaw values": SHAW.model_copy(update={"parts": ShawParts.VALUES}),
}


def decoding(method=BEAM) -> TranslationDecoding:
    """Each source is a batch, whose length limits the translations of both searches."""
    return TranslationDecoding(
        method=method, extra_length=EXTRA, batch_tokens=1, search_grid=None, other_searches={}
    )


@pytest.fixture
def codec(tmp_path):
    return train(TEXT, 290, tmp_path)


def network(codec, positions, norm: Norm):
    """A network that learned a little of writing sentences backwards, so that it ends them."""
    torch.manual_seed(1)
    shape = sequences(codec.size, codec.size)
    model = build(settings(Structure.ENCODER_DECODER, positions, norm=norm), shape)
    sentences = [np.array(codec.encode(line)) for line in TEXT[:4]]
    batch = (
        pad([np.array([BOS, *ids[::-1]]) for ids in sentences], PAD),
        pad([np.array([*ids[::-1], EOS]) for ids in sentences], IGNORED),
        pad([np.array([*ids, EOS]) for ids in sentences], PAD),
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(80):
        optimizer.zero_grad()
        model.nats(*batch).mean().backward()
        optimizer.step()
    return model.eval()


def searched(model, codec, decoding, sources):
    """What CTranslate2 finds."""
    pytest.importorskip("ctranslate2", reason="the extra ctranslate2 is not installed")
    from pipeline.tasks.translation.ctranslate2_search import Ctranslate2Search

    return list(Ctranslate2Search(model, codec, decoding, threads=1)(sources))


def score(model, source: list[int], ids: list[int]) -> float:
    """log P of a translation and its end, divided by its length penalty, from one forward pass."""
    target = torch.tensor([[*ids, EOS]])
    inputs = torch.tensor([[BOS, *ids]])
    with torch.no_grad():
        nats = model.nats(inputs, target, torch.tensor([[*source, EOS]])).sum().item()
    return -nats / length_penalty(len(ids) + 1, ALPHA)


@pytest.mark.parametrize("norm", Norm)
@pytest.mark.parametrize("positions", POSITIONS.values(), ids=POSITIONS)
def test_every_score_is_that_of_our_network_and_none_is_above_our_search(codec, positions, norm):
    model, sources = network(codec, positions, norm), [codec.encode(line) for line in LINES]
    theirs = searched(model, codec, decoding(), sources)
    ours = translate(model, sources, decoding())
    checked = set()
    for source, found, (own, *_) in zip(sources, theirs, ours, strict=True):
        scores = [hypothesis.score for hypothesis in found]
        assert len(found) == 4 and scores == sorted(scores, reverse=True)
        for hypothesis in found:
            if len(hypothesis.ids) < len(source) + EXTRA:  # else it has no end
                checked.add(tuple(hypothesis.ids))
                expected = score(model, source, hypothesis.ids)
                assert hypothesis.score == pytest.approx(expected, abs=TOLERANCE)
        if len(found[0].ids) < len(source) + EXTRA:
            assert found[0].score <= own.score + TOLERANCE
    assert len(checked) > 10


@pytest.mark.parametrize("positions", POSITIONS.values(), ids=POSITIONS)
def test_sentences_that_were_learned_are_translated_as_by_our_search(codec, positions):
    model, sources = network(codec, positions, Norm.PRE), [codec.encode(line) for line in TEXT[:4]]
    for method in (BEAM, Greedy(kind="greedy")):
        theirs = searched(model, codec, decoding(method), sources)
        ours = translate(model, sources, decoding(method))
        assert [best.ids for (best, *_) in theirs] == [best.ids for (best, *_) in ours]


def test_what_cannot_be_exported_is_refused(monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: SimpleNamespace())
    exported = settings(Structure.ENCODER_DECODER, SINUSOID)
    check_ctranslate2(exported, decoding())
    with pytest.raises(ValueError, match="^decoding.method.kind = sampling is not"):
        check_ctranslate2(exported, decoding(SAMPLING))
    with pytest.raises(ValueError, match="^model.positions.kind = learned is not exported, only"):
        check_exportable(settings(Structure.ENCODER_DECODER, LEARNED))
    with pytest.raises(ValueError, match="^model.embeddings = separate is not .* only tied is$"):
        check_exportable(exported.model_copy(update={"embeddings": "separate"}))
    lstm = LstmSettings.model_construct(architecture="lstm")
    with pytest.raises(ValueError, match="^model.architecture = lstm is not exported"):
        check_exportable(lstm)


def test_a_missing_package_is_told_with_the_remedy(monkeypatch):
    monkeypatch.setattr(engine, "find_spec", lambda name: None)
    with pytest.raises(ValueError, match=r'not installed; run pip install -e "\.\[ctranslate2\]"'):
        check_ctranslate2(settings(Structure.ENCODER_DECODER, SINUSOID), decoding())


def test_a_network_that_was_trained_with_other_settings_is_refused(codec):
    shape = sequences(codec.size, codec.size)
    model = build(settings(Structure.ENCODER_DECODER, LEARNED), shape)
    with pytest.raises(CheckpointError, match="^the saved network: model.positions.kind = learned"):
        searched(model, codec, decoding(), [[5]])
