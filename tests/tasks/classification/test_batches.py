"""Batches of passages, and the draw of labels."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.settings import DataShape
from models.shared.base import PADDING
from pipeline.config import load
from pipeline.files import read_json
from pipeline.tasks.classification.batches import Batches, Passages, draw_labels
from pipeline.tasks.classification.codec import PAD
from tests.tasks.classification.texts import encoded_in
from tests.test_config import DEFAULT

RUN = load(DEFAULT).runs["classification_attention"]


@given(
    classes=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    per_class=st.integers(1, 12),
    seed=st.integers(0, 99),
)
def test_so_many_labels_of_each_class_are_drawn(classes, per_class, seed):
    classes = np.array(classes)
    drawn = draw_labels(classes, per_class, seed)
    assert len({*drawn.tolist()}) == len(drawn) and (np.diff(drawn) > 0).all()
    for number, count in zip(*np.unique(classes, return_counts=True), strict=True):
        assert (classes[drawn] == number).sum() == min(count, per_class)
    more = draw_labels(classes, per_class + 3, seed)
    assert {*drawn.tolist()} <= {*more.tolist()}


def test_draws_differ_by_seed_and_without_a_number_are_all():
    classes = np.repeat([0, 1, 2], 100)
    first, again, other = (draw_labels(classes, 10, seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again) and not np.array_equal(first, other)
    assert np.array_equal(draw_labels(classes, None, 1), np.arange(300))
    # Of 100 passages 10 are drawn anew: about one is in both draws of a class.
    assert len({*first.tolist()} & {*other.tolist()}) < 10


@pytest.fixture
def batches(tmp_path):
    encoded = encoded_in(tmp_path)
    shape = DataShape.model_validate(read_json(encoded / "manifest.json")["shape"])

    def make(**changes: object) -> Batches:
        training = RUN.training.model_copy(update={"batch_tokens": 200} | changes)
        return Batches(encoded, RUN.model, shape, training)

    return encoded, make


def test_an_epoch_has_the_drawn_passages_once_and_no_other(batches):
    encoded, make = batches
    passages = Passages.read(encoded, "train")
    drawn = make(labels_per_class=4, batch_tokens=40 * 4, seed=3)
    expected = draw_labels(passages.classes, 4, 3)
    size = len(drawn.batch(1).inputs)
    seen = [index for number in range(1, 1 + 12 // size) for index in drawn.records(number)]
    assert len(seen) == len({*seen}) == 12 // size * size
    assert {*seen} <= {*expected.tolist()}


def test_a_batch_has_the_ids_and_classes_of_its_records(batches):
    encoded, make = batches
    passages, made = Passages.read(encoded, "train"), make()
    batch = made.batch(2)
    for row, target, index in zip(batch.inputs, batch.targets, made.records(2), strict=True):
        ids = passages.tokens[index].tolist()
        assert row.tolist()[: len(ids)] == ids and not row[len(ids) :].any()
        assert target.tolist() == [passages.classes[index]]
    assert batch.inputs.numel() <= 200
    assert sum(len(each.inputs) for each in made.validation()) == len(
        Passages.read(encoded, "validation")
    )


def test_padding_is_what_networks_mask():
    assert PAD == PADDING
