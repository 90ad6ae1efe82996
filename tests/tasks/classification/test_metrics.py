"""Accuracy, macro F1, the confusion matrix, and baselines that learn from labels."""

import math

import numpy as np
import pytest
import torch

from models.settings import Structure
from models.shared.base import Model
from pipeline.errors import DataError
from pipeline.evaluation import Evaluation, scores_of
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.codec.passages import Passage, read_passages
from pipeline.tasks.classification.decoding.decode import decode
from pipeline.tasks.classification.decoding.probabilities import probabilities_of
from pipeline.tasks.classification.measures import MEASURES
from pipeline.tasks.classification.metrics.baselines import (
    baselines,
    by_keywords,
    by_naive_bayes,
    count_words,
    drawn_passages,
    keywords,
    most_frequent,
)
from pipeline.tasks.classification.metrics.confusion import (
    confusion_matrix,
    f1_statistics,
    macro_f1,
)
from pipeline.tasks.classification.metrics.evaluate import evaluate
from pipeline.tasks.classification.metrics.predictions import read_predictions
from pipeline.tasks.classification.settings import (
    Baselines,
    ClassificationDecoding,
    ClassificationEvaluation,
)
from tests.tasks.classification.texts import SUBJECTS, encoded_in, network

NAMES = [*SUBJECTS]
EVALUATION = ClassificationEvaluation(
    bootstrap_samples=40,
    bootstrap_seed=1,
    baselines=Baselines(labels_per_class=None, draws=[1, 2]),
    shown_passages=3,
)


@pytest.fixture
def encoded(tmp_path):
    return encoded_in(tmp_path)


def evaluated(model: Model, encoded, evaluation=EVALUATION) -> Evaluation:
    samples = encoded.parent / "samples"
    samples.mkdir()
    decode(model, encoded, samples, ClassificationDecoding(batch_passages=4))
    return evaluate(model, encoded, samples, evaluation)


# ------------------------------------------------------------------------------- the network


def test_probabilities_do_not_depend_on_the_batch_and_are_those_of_the_loss(encoded):
    model, passages = network(encoded), Passages.read(encoded, "test")
    at_once, one_by_one = (probabilities_of(model, passages, size) for size in (100, 1))
    np.testing.assert_allclose(at_once, one_by_one, atol=1e-6)
    np.testing.assert_allclose(at_once.sum(axis=1), 1.0)
    batch = passages.batch(np.array([2]), Structure.ENCODER)
    with torch.no_grad():
        nats = model.nats(batch.inputs, batch.targets).item()
    assert nats == pytest.approx(-math.log(at_once[2, passages.classes[2]]), abs=1e-5)


def test_the_scores_are_those_of_the_predictions(encoded):
    found = evaluated(network(encoded), encoded)
    test = found.metrics["test"]
    passages = Passages.read(encoded, "test")
    shares = probabilities_of(network(encoded), passages, 100)
    predicted = shares.argmax(axis=1)
    scores = scores_of(found.records["test"], MEASURES.metrics, EVALUATION)
    assert scores["accuracy"] == pytest.approx((predicted == passages.classes).mean(), abs=1e-6)
    nats = -np.log(shares[np.arange(12), passages.classes]).mean()
    assert scores["nats"] == pytest.approx(nats, abs=1e-4)
    assert np.sum(found.metrics["confusion"]) == test["passages"] == 12
    assert test["macro_f1_low"] <= test["macro_f1"] <= test["macro_f1_high"]
    assert [row["class"] for row in found.details["test"]] == [
        NAMES[number] for number in passages.classes
    ]


def test_macro_f1_is_the_mean_of_harmonic_means():
    """Class 0: precision 2/3, recall 1; class 1: 1 and 1/2; class 2 is neither there nor found."""
    classes, predicted = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])
    assert confusion_matrix(classes, predicted, 3).tolist() == [[2, 0, 0], [1, 1, 0], [0, 0, 0]]
    sums = f1_statistics(classes, predicted, 3).sum(axis=0)
    assert macro_f1(sums) == pytest.approx((0.8 + 2 / 3 + 0.0) / 3)
    assert macro_f1(np.stack([sums, 2 * sums])).tolist() == pytest.approx([macro_f1(sums)] * 2)


@pytest.mark.parametrize("structure", [Structure.ENCODER, Structure.DECODER])
def test_the_attention_of_shown_passages_is_that_of_what_is_read(encoded, structure):
    """Of an encoder the mean over queries, of a decoder the last query without the marks."""
    model = network(encoded, structure=structure)
    figure = evaluated(model, encoded).figures["passages"]
    texts, test = read_passages(encoded, "test"), Passages.read(encoded, "test")
    for shown, index in zip(figure["passages"], (0, 5, 11), strict=True):
        assert "".join(shown["pieces"]).strip() == texts[index].text
        assert shown["class"] == NAMES[test.classes[index]]
        batch = test.batch(np.array([index]), structure)
        for layer, weights in zip(
            shown["weights"], model.internals(batch.inputs).encoder_attention, strict=True
        ):
            causal = structure is Structure.DECODER
            expected = weights[0, :, -1, 1:-1] if causal else weights[0].mean(dim=1)
            np.testing.assert_allclose(layer, 1000 * expected, atol=0.51)


def test_a_damaged_table_is_refused(tmp_path):
    path = tmp_path / "test.csv"
    path.write_text("class,predicted,calc\ncalc,nothing,0.5\n")
    with pytest.raises(DataError, match="test.csv: cannot be read .*; run the decode stage again"):
        read_predictions(path, ["calc"])


# --------------------------------------------------------------------------------- baselines

LABELLED = [
    Passage("a", "the sum of a cell, a cell", 0),
    Passage("b", "the row and the cell", 0),
    Passage("c", "the note is at the end", 1),
    Passage("d", "a note, and a row", 1),
    Passage("e", "the cell is at the end", 1),
]


def test_a_keyword_is_more_frequent_in_its_class_than_elsewhere():
    """Of class 0 "cell" is in both, and in 1 of 3 others; of class 1 "at" in 2 of 3, no other."""
    _, words = count_words(LABELLED, 2)
    index, tells = keywords(words)
    assert words.names[index].tolist() == ["cell", "at"]
    assert tells.tolist() == pytest.approx([1 - 1 / 3, 2 / 3])
    assert most_frequent(words) == 1


def test_a_passage_has_the_class_of_its_best_keyword():
    vectorizer, words = count_words(LABELLED, 2)
    texts = ["a CELL here", "look at this", "nothing", "a cell at the end"]
    assert by_keywords(words, vectorizer.transform(texts)).tolist() == [0, 1, 1, 0]


def test_naive_bayes_is_bayes_rule_with_smoothed_counts():
    """log P(c) + sum of log (count + 1) / (total + words), by hand (Manning et al. 2008, 13.2)."""
    vectorizer, words = count_words(LABELLED, 2)
    counts = words.counts.toarray()
    texts = ["a row and a cell", "the end", "a note at a note", "sum"]
    for text, found in zip(texts, by_naive_bayes(words, vectorizer.transform(texts)), strict=True):
        posterior = []
        for number, prior in ((0, 2 / 5), (1, 3 / 5)):
            of_class = counts[words.classes == number].sum(axis=0)
            likelihood = (of_class + 1) / (of_class.sum() + counts.shape[1])
            given = vectorizer.transform([text]).toarray()[0]
            posterior.append(math.log(prior) + (given * np.log(likelihood)).sum())
        assert found == int(np.argmax(posterior))


def test_baselines_are_means_over_draws_of_labels(encoded):
    few, every = Baselines(labels_per_class=2, draws=[1, 2, 3]), EVALUATION.baselines
    draws = drawn_passages(encoded, few)
    assert [len(each) for each in draws] == [6, 6, 6] and draws[0] != draws[1]
    assert len(drawn_passages(encoded, every)) == 1
    alone = [
        baselines(encoded, "test", 3, few.model_copy(update={"draws": [seed]}))
        for seed in (1, 2, 3)
    ]
    for name, correct in baselines(encoded, "test", 3, few).items():
        np.testing.assert_allclose(correct, np.mean([each[name] for each in alone], axis=0))
    # The word of the subject is in every passage of its class, and in no other.
    assert baselines(encoded, "test", 3, every)["keyword_correct"].tolist() == [1.0] * 12


def test_the_keywords_are_told(encoded):
    assert evaluated(network(encoded), encoded).metrics["keywords"] == SUBJECTS
