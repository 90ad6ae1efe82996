"""Batches of passages, and the draw of labels."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.settings import DataShape, Structure
from models.shared.base import PADDING
from models.shared.heads import IGNORED
from pipeline.config import load
from pipeline.corpus import write_sequences
from pipeline.files import read_json, write_json
from pipeline.tasks.classification.batches import Batches, Passages, draw_labels
from pipeline.tasks.classification.codec import BOS, EOS, MASK, PAD, SPECIAL
from pipeline.tasks.classification.settings import (
    MaskedPieces,
    NextPiece,
    Objective,
    OfClasses,
)
from tests.tasks.classification.texts import encoded_in
from tests.test_config import DEFAULT

ALL_CLASSES = OfClasses(kind="class", labels_per_class=None)
NEXT = NextPiece(kind="next_piece")
MASKED = MaskedPieces(kind="masked_pieces", share=0.15, as_mask=0.8, as_other=0.1)
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

    def make(objective: Objective = ALL_CLASSES, **changes: object) -> Batches:
        update = {"batch_tokens": 200, "objective": objective} | changes
        training = RUN.training.model_copy(update=update)
        return Batches(encoded, RUN.model, shape, training)

    return encoded, make


def test_an_epoch_has_the_drawn_passages_once_and_no_other(batches):
    encoded, make = batches
    passages = Passages.read(encoded, "train")
    few = OfClasses(kind="class", labels_per_class=4)
    drawn = make(few, batch_tokens=40 * 4, seed=3)
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


# ------------------------------------------------------------------------ pre-training


def _with_unlabelled(encoded, passages: Passages) -> list[list[int]]:
    """Give the data set a split of passages without a class: those of the training, reversed."""
    manifest = read_json(encoded / "manifest.json")
    rows = [row[::-1] for row in passages.tokens]
    write_sequences(encoded, "unlabelled", "tokens", rows, passages.tokens[0].dtype)
    counts = {"records": len(rows), "tokens": sum(map(len, rows)), "pages": 1}
    write_json(
        encoded / "manifest.json",
        manifest | {"splits": manifest["splits"] | {"unlabelled": counts}},
    )
    return [row.tolist() for row in (*passages.tokens, *rows)]


@pytest.mark.parametrize("objective", [NEXT, MASKED], ids=lambda each: each.kind)
def test_pre_training_reads_all_text_that_is_not_held_out_once_an_epoch(batches, objective):
    encoded, make = batches
    texts = _with_unlabelled(encoded, Passages.read(encoded, "train"))
    made = make(objective, batch_tokens=40)  # a passage a batch
    seen = [made.records(number)[0] for number in range(1, len(texts) + 1)]
    assert sorted(seen) == [*range(len(texts))]
    for number in (1, len(texts)):
        batch, text = made.batch(number), texts[seen[number - 1]]
        if objective is NEXT:
            assert batch.inputs[0].tolist() == [BOS, *text]
            assert batch.targets[0].tolist() == [*text, EOS]
        else:
            hidden = batch.targets[0] != IGNORED
            assert batch.targets[0][hidden].tolist() == torch.tensor(text)[hidden].tolist()
            assert batch.inputs[0][~hidden].tolist() == torch.tensor(text)[~hidden].tolist()


def test_a_share_of_the_pieces_is_hidden_as_bert_does():
    """Devlin et al. 2018, section 3.1: of these 80 % masked, 10 % random, 10 % as they are."""
    tokens = [np.full(200, 9, np.uint16) for _ in range(300)]
    passages = Passages([*tokens, np.array([9])], np.zeros(301, np.int64))
    batch = passages.masked(np.arange(301), MASKED, 1000, np.random.default_rng(1))
    hidden = batch.targets[:300] != IGNORED
    assert hidden.sum(dim=1).tolist() == [30] * 300
    assert batch.targets[300].tolist() == [9] + [IGNORED] * 199  # at least one
    inputs = batch.inputs[:300][hidden]
    shares = [(inputs == MASK), (inputs == 9), (inputs >= SPECIAL) & (inputs != 9)]
    for share, expected in zip(shares, (0.8, 0.1, 0.1), strict=True):
        assert share.double().mean().item() == pytest.approx(expected, abs=0.02)
    assert (batch.inputs[:300][~hidden] == 9).all()
    # Each position is as likely as any other.
    assert hidden.double().mean(dim=0).std() < 0.03


def test_the_same_batch_hides_the_same_pieces_and_another_others(batches):
    _, make = batches
    one, again, other = make(MASKED), make(MASKED), make(MASKED, seed=9)
    assert torch.equal(one.batch(2).inputs, again.batch(2).inputs)
    for first, second in zip(one.validation(), again.validation(), strict=True):
        assert torch.equal(first.inputs, second.inputs)
    assert not torch.equal(one.validation()[0].targets, other.validation()[0].targets)


def test_a_decoder_reads_passages_between_marks():
    passages = Passages([np.array([7, 8]), np.array([9])], np.array([1, 0]))
    batch = passages.batch(np.arange(2), Structure.DECODER)
    assert batch.inputs.tolist() == [[BOS, 7, 8, EOS], [BOS, 9, EOS, PAD]]
    assert batch.targets.tolist() == [[1], [0]]


def test_in_turn_each_piece_is_hidden_once():
    passages = Passages([np.arange(10, 19), np.array([7, 8])], np.zeros(2, np.int64))
    counts = torch.zeros(2, 9)
    for first in range(4):
        batch = passages.hidden_in_turn(np.arange(2), first, 4)
        hidden = batch.targets != IGNORED
        assert torch.equal(batch.inputs[hidden], torch.full_like(batch.inputs[hidden], MASK))
        counts += hidden
    assert counts.tolist() == [[1.0] * 9, [1.0, 1.0] + [0.0] * 7]


def test_padding_is_what_networks_mask():
    assert PAD == PADDING
