"""Decoding and evaluating a network of events, which chorales do in files of their own."""

import json
from math import log

import numpy as np
import pretty_midi
import pytest
import torch

from models.build import build
from models.settings import Norm, Structure
from pipeline.corpus import write_sequences
from pipeline.files import write_json
from pipeline.settings.base import Method, Sampling
from pipeline.tasks.music.codec import SAMPLED_IDS, events
from pipeline.tasks.music.codec.events import (
    IDS,
    OUTPUTS,
    SHAPE,
    START,
    Notes,
    from_ids,
    seconds_of,
    to_ids,
)
from pipeline.tasks.music.decoding.decode import decode
from pipeline.tasks.music.metrics.evaluate import evaluate
from pipeline.tasks.music.metrics.event_baselines import event_baselines
from pipeline.tasks.music.settings import MusicDecoding, MusicEvaluation
from tests.models import networks
from tests.tasks.evaluations import write_clusters
from tests.tasks.music.samples import write_no_further


def performance(seed: int, notes: int = 20) -> np.ndarray:
    random = np.random.default_rng(seed)
    onsets = np.cumsum(random.integers(0, 60, notes))
    pitch, velocity = random.integers(40, 80, notes), random.integers(1, 128, notes)
    return to_ids(Notes(onsets, onsets + random.integers(1, 200, notes), pitch, velocity))


def tiny_model():
    torch.manual_seed(1)
    sizes = {"num_layers": 1, "d_model": 16, "num_heads": 2, "d_ff": 16}
    return build(networks.settings(Structure.DECODER, norm=Norm.PRE, **sizes), SHAPE).eval()


@pytest.fixture
def encoded(tmp_path):
    for number, split in enumerate(("train", "validation", "test")):
        pieces = [performance(10 * number + i) for i in range(3)]
        write_sequences(tmp_path, split, "tokens", pieces, IDS)
        write_clusters(tmp_path, **{split: 3})
    write_json(tmp_path / "test.pieces.json", ["a", "b", "c"])
    return tmp_path


def test_drawn_performances_are_midi_files_that_begin_with_the_opening(encoded, tmp_path):
    samples = tmp_path / "samples"
    samples.mkdir()
    sampling = Sampling(seed=1, temperature=1.0, top_k=None, top_p=1.0)
    decoding = MusicDecoding(
        sampling=sampling,
        method=Method.SEQUENTIAL,
        from_nothing=1,
        continuations=2,
        shown_continuations=2,
        primer_tokens=30,
        tokens=80,
    )
    decode(tiny_model(), encoded, samples, decoding)
    ids = np.load(samples / SAMPLED_IDS)
    described = json.loads((samples / "samples.json").read_text())
    assert [each["kind"] for each in described] == ["from_nothing", "continuation", "continuation"]
    assert ids[1][:31].tolist() == performance(20)[:31].tolist()
    for row, each in zip(ids, described, strict=True):
        assert each["seconds"] == seconds_of(row)
        assert each["bar_seconds"] is None
        irregular = from_ids(row)
        for name in ("hanging", "unmatched_offs", "restruck"):
            assert each[name] == getattr(irregular, name)
        assert each["unmatched_offs"] > 0  # an untrained network
        midi = pretty_midi.PrettyMIDI(str(samples / each["file"]))
        assert [instrument.name for instrument in midi.instruments] == ["piano"]
    assert described[1]["primer_seconds"] == seconds_of(performance(20)[:31])


def test_every_event_is_scored_once(encoded):
    evaluation = MusicEvaluation(
        bootstrap_samples=50, bootstrap_seed=1, window=16, stride=7, long_window=32, motif=2
    )
    np.save(encoded / SAMPLED_IDS, np.array([performance(20)[:40]]))
    write_no_further(encoded)
    write_json(
        encoded / "samples.json",
        [
            {"file": "0.mid", "seconds": 2.0, "piece": "a", "primer_tokens": 20}
            | {"unmatched_offs": 3, "restruck": 2, "hanging": 1}
        ],
    )
    model = tiny_model()
    for parameter in model.head.parameters():
        torch.nn.init.zeros_(parameter)  # all events alike
    measured = evaluate(model, encoded, encoded, evaluation).metrics
    assert measured["test"]["tokens"] == sum(len(performance(20 + i)) - 1 for i in range(3))
    assert measured["test"]["nats_per_token"] == pytest.approx(log(OUTPUTS), abs=1e-5)
    assert measured["validation"]["nats_per_token"] == pytest.approx(log(OUTPUTS), abs=1e-5)
    assert set(measured["by_position"]) == {
        "00-03", "04-07", "08-11", "12-15", "16-19", "20-23", "24-27", "28-31"
    }  # fmt: skip
    assert measured["samples"]["distances"]["pitch_class_distance"] < 1.0
    assert measured["samples"]["irregularities"] == {
        "unmatched_offs": 3, "restruck": 2, "hanging": 1
    }  # fmt: skip
    motifs = measured["samples"]["motifs"]
    assert motifs["motif_return"] == motifs["real_motif_return"]  # the sample is the test piece
    assert set(measured["baseline"]) == {
        "unigram_nats",
        "bigram_nats",
        "bigram_accuracy",
        "onset_accuracy",
    }


def test_baselines_by_hand():
    known = [np.array([START, 60, 61, 60, 61])]
    found = event_baselines(known, [np.array([START, 60, 61, 200])], events)
    log_of = {60: log(3 / (4 + OUTPUTS)), 61: log(3 / (4 + OUTPUTS)), 200: log(1 / (4 + OUTPUTS))}
    assert found["unigram_nats"] == pytest.approx(-sum(log_of.values()) / 3)
    after = [2 / (1 + OUTPUTS), 3 / (2 + OUTPUTS), 1 / (1 + OUTPUTS)]  # START 60, 60 61, 61 200
    assert found["bigram_nats"] == pytest.approx(-sum(map(log, after)) / 3)
    assert found["bigram_accuracy"] == pytest.approx(2 / 3)
    assert found["onset_accuracy"] == 0.5
