"""What pre-trained networks predict of passages: each piece once, in each of two ways."""

import numpy as np
import pytest
import torch

from models.shared.base import Model
from pipeline.errors import ConfigError, DataError
from pipeline.evaluation import scores_of
from pipeline.tasks.classification import command
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.codec import BOS, EOS, MASK, SPECIAL, Codec
from pipeline.tasks.classification.decoding.decode import decode
from pipeline.tasks.classification.decoding.pieces import EVERY, predict
from pipeline.tasks.classification.measures import MEASURES
from pipeline.tasks.classification.metrics.evaluate import evaluate
from pipeline.tasks.classification.metrics.predictions import read_pieces
from pipeline.tasks.classification.settings import (
    ClassificationDecoding,
    ClassificationEvaluation,
    Target,
    target_of,
)
from tests.models.networks import causal_classifier, masked_encoder, next_id_classifier
from tests.tasks.classification.texts import encoded_in, network
from tests.test_config import DEFAULT

EVALUATION = ClassificationEvaluation(
    bootstrap_samples=40, bootstrap_seed=1, baselines=None, shown_passages=3
)
OUTPUT = {"output": {"kind": "categorical"}, "embeddings": "tied"}
NETWORKS = {
    Target.NEXT_PIECE: {"structure": "decoder", **OUTPUT},
    Target.MASKED_PIECES: {"structure": "encoder", **OUTPUT},
}
each_target = pytest.mark.parametrize("target", NETWORKS)


@pytest.fixture
def encoded(tmp_path):
    return encoded_in(tmp_path)


def test_the_target_of_a_network_is_that_of_its_output(encoded):
    for target, changes in NETWORKS.items():
        assert target_of(network(encoded, **changes).settings) is target
    assert target_of(network(encoded).settings) is Target.CLASS
    for make in (causal_classifier, next_id_classifier):
        assert target_of(make().settings) is Target.CLASS
    assert target_of(masked_encoder().settings) is Target.MASKED_PIECES


@torch.no_grad()
def _naive(model: Model, target: Target, tokens: list[int]) -> list[torch.Tensor]:
    """The log-probabilities (id,) at each piece of one passage, one after the other."""
    found = []
    if target is Target.NEXT_PIECE:
        for count in range(len(tokens) + 1):
            states = model(torch.tensor([[BOS, *tokens[:count]]]))
            found.append(model.head.next_logits(states[0, -1]).double().log_softmax(-1))
        return found
    for position in range(len(tokens)):
        hidden = [MASK if (at - position) % EVERY == 0 else id for at, id in enumerate(tokens)]
        states = model(torch.tensor([hidden]))
        found.append(model.head.next_logits(states[0, position]).double().log_softmax(-1))
    return found


@each_target
def test_each_piece_is_predicted_once_as_if_alone(encoded, target):
    model, passages = network(encoded, **NETWORKS[target]), Passages.read(encoded, "test")
    for tokens, found in zip(passages.tokens, predict(model, passages, 5, 3), strict=True):
        logs = torch.stack(_naive(model, target, tokens.tolist()))
        end = [EOS] if target is Target.NEXT_PIECE else []
        assert found.actual.tolist() == [*tokens.tolist(), *end]
        nats = -logs.gather(1, torch.from_numpy(found.actual)[:, None])[:, 0]
        np.testing.assert_allclose(found.nats, nats, atol=1e-5)
        best = logs.topk(3)
        np.testing.assert_allclose(found.probabilities, best.values.exp(), atol=1e-6)
        assert found.likeliest.tolist() == best.indices.tolist()


@each_target
def test_the_scores_are_means_over_pieces_beside_their_frequencies(encoded, target):
    model, passages = network(encoded, **NETWORKS[target]), Passages.read(encoded, "test")
    samples = encoded.parent / "samples"
    samples.mkdir()
    decode(model, encoded, samples, ClassificationDecoding(batch_passages=4))
    found = evaluate(model, encoded, samples, EVALUATION)
    predicted = predict(model, passages, 100, 1)
    nats = np.concatenate([each.nats for each in predicted])
    actual = np.concatenate([each.actual for each in predicted])
    right = actual == np.concatenate([each.likeliest[:, 0] for each in predicted])
    scores = scores_of(found.records["test"], MEASURES.metrics, EVALUATION)
    key = "piece" if target is Target.NEXT_PIECE else "masked"
    assert scores[f"{key}_nats"] == pytest.approx(nats.mean(), abs=1e-5)
    assert scores[f"{key}_correct"] == pytest.approx(right.mean(), abs=1e-6)
    assert scores[f"{key}_nats_low"] <= scores[f"{key}_nats"] <= scores[f"{key}_nats_high"]

    counts = np.zeros(model.shape.inputs)
    for tokens in Passages.read(encoded, "train").tokens:
        for piece in [*tokens, EOS] if target is Target.NEXT_PIECE else tokens:
            counts[piece] += 1
    counts[SPECIAL:] += 1
    baseline = found.metrics["baseline"]
    expected = -np.log(counts[actual] / counts.sum()).mean()
    assert baseline[f"{key}_frequency_nats"] == pytest.approx(expected, abs=1e-5)
    frequent = (actual == counts.argmax()).mean()
    assert baseline[f"{key}_frequency_accuracy"] == pytest.approx(frequent, abs=1e-6)


@each_target
def test_shown_passages_have_the_likeliest_pieces_at_each_place(encoded, target):
    model, codec = network(encoded, **NETWORKS[target]), Codec.load(encoded)
    samples = encoded.parent / "samples"
    samples.mkdir()
    decode(model, encoded, samples, ClassificationDecoding(batch_passages=4))
    shown = evaluate(model, encoded, samples, EVALUATION).figures["guesses"]
    tokens = Passages.read(encoded, "test").tokens
    assert [each["pieces"] for each in shown] == [
        codec.texts(tokens[index]) for index in (0, 5, 11)
    ]
    logs = _naive(model, target, tokens[5].tolist())
    best = logs[2].topk(3)
    texts = codec.texts(best.indices)
    assert [text for text, _ in shown[1]["guesses"][2]] == texts
    shares = [share for _, share in shown[1]["guesses"][2]]
    np.testing.assert_allclose(shares, best.values.exp(), atol=6e-4)


def test_a_damaged_table_is_named_with_the_remedy(tmp_path):
    path = tmp_path / "test.csv"
    for damaged in ("passage,piece\n", "a,b,c,d\n1,2,3,x\n", ""):
        path.write_text(damaged)
        with pytest.raises(DataError, match="run the decode stage again"):
            read_pieces(path)


def test_a_run_that_predicts_pieces_does_not_classify(tmp_path, monkeypatch):
    lecture = DEFAULT.parent / "lecture" / "params.yaml"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "params.yaml").write_text(lecture.read_text(encoding="utf-8"), encoding="utf-8")
    with pytest.raises(ConfigError, match="masked_pieces does not classify; name a run that start"):
        command.run(command.parse(["--run", "pretrained_encoder", "A passage"]))
