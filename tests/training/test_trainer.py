import math
import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load
from torch.testing import assert_close

from models import store
from models.settings import Numerics
from models.shared import products
from models.shared.heads import IGNORED
from pipeline.errors import CheckpointError, PipelineError
from pipeline.settings.training import CheckpointSelection, Precision
from pipeline.tasks.translation.codec import BOS, EOS
from pipeline.tasks.translation.decoding.beam import search
from pipeline.training import checkpoint
from pipeline.training.batches import Batch
from pipeline.training.loss import MeanNats
from pipeline.training.trainer import train, validation_loss
from pipeline.training.update import autocast
from tests.models.comparison import all_logits
from tests.tasks.translation.test_beam import beam
from tests.training.toys import (
    SHAPE,
    Reversal,
    adam,
    inverse_square_root,
    network,
    reversed_pairs,
    sequences,
    trained,
    training,
)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return trained(tmp_path_factory.mktemp("undisturbed"), training())


def test_two_trainings_have_the_same_bytes(tmp_path, undisturbed):
    assert trained(tmp_path, training()) == undisturbed


def test_the_curve_tells_the_losses(undisturbed):
    _, curve = undisturbed
    assert [row["step"] for row in curve] == [5, 10, 12]
    assert [row["learning_rate"] for row in curve] == pytest.approx(
        [0.005 * (4 / step) ** 0.5 for step in (5, 10, 12)]
    )
    losses = [row[f"{split}_loss"] for row in curve for split in ("train", "validation")]
    assert all(0.5 < loss < 2 * math.log(SHAPE.outputs) for loss in losses)
    assert curve[-1]["validation_loss"] < curve[0]["validation_loss"]


def test_a_training_loss_is_the_mean_since_the_row_before(tmp_path, undisturbed):
    _, every_step = trained(tmp_path, training(validate_every=1))
    losses = [row["train_loss"] for row in every_step]
    expected = [sum(losses[:5]) / 5, sum(losses[5:10]) / 5, sum(losses[10:]) / 2]
    assert [row["train_loss"] for row in undisturbed[1]] == pytest.approx(expected)


def test_padding_is_counted_in_source_and_target():
    batch = reversed_pairs([np.array([5, 6, 7]), np.array([8])])
    assert batch.padding == (4, 16)  # with the ends: 4 and 2 of 4 positions, twice


def test_the_curve_tells_the_share_of_padding_since_the_row_before(undisturbed):
    since = range(1, 6), range(6, 11), range(11, 13)
    for row, numbers in zip(undisturbed[1], since, strict=True):
        counts = [Reversal().batch(number).padding for number in numbers]
        expected = sum(padding for padding, _ in counts) / sum(positions for _, positions in counts)
        assert row["padding"] == expected
        assert 0.0 < expected < 0.4


def _weights(folder, selection, steps=12):
    settings = training(
        steps=steps,
        checkpoint_selection=selection,
        average_checkpoints=1,
        validate_every=2,
        learning_rate=1.0,
    )
    content, curve = trained(folder / f"{selection}-{steps}", settings)
    return load(content), curve


def test_the_average_is_that_of_the_last_checkpoints(tmp_path):
    """Each weight, after 8, 10 and 12 updates; they are the last of shorter trainings."""
    averaged, _ = trained(tmp_path / "averaged", training(learning_rate=1.0))
    last = [_weights(tmp_path, CheckpointSelection.LAST, steps)[0] for steps in (8, 10, 12)]
    for name, tensor in load(averaged).items():
        assert_close(tensor, torch.stack([weights[name] for weights in last]).mean(dim=0))


def test_the_best_has_the_lowest_validation_loss(tmp_path):
    best, curve = _weights(tmp_path, CheckpointSelection.BEST)
    lowest = min(curve, key=lambda row: row["validation_loss"])
    assert lowest["step"] < 12
    expected, _ = _weights(tmp_path, CheckpointSelection.LAST, lowest["step"])
    assert all(torch.equal(best[name], tensor) for name, tensor in expected.items())


class Joined(Reversal):
    """Each batch is three of the others, which have different lengths."""

    def batch(self, number: int) -> Batch:
        three = range(3 * number - 2, 3 * number + 1)
        return reversed_pairs([row for part in three for row in sequences(part % 3 + 1, [part])])


class Apart(Reversal):
    """The same rows in three batches."""

    def batch(self, number: int) -> Batch:
        return reversed_pairs(sequences(number % 3 + 1, [number]))


def _double(folder, batches, settings):
    model = network(settings, dropout=0.0, attention_dropout=0.0).double()
    folder.mkdir()
    curve = train(model, batches, settings, folder, "toy")
    return curve, torch.nn.utils.parameters_to_vector(model.parameters()).detach()


def test_batches_that_are_accumulated_update_as_one(tmp_path):
    large = adam(1e-4)  # a smaller epsilon blows up the rounding of tiny gradients
    settings = training(optimizer=large)
    three = training(optimizer=large, accumulate_batches=3)
    curve, weights = _double(tmp_path / "one", Joined(), settings)
    other_curve, other_weights = _double(tmp_path / "three", Apart(), three)
    for row, other in zip(curve, other_curve, strict=True):
        assert other["train_loss"] == pytest.approx(row["train_loss"], rel=1e-10)
        assert other["validation_loss"] == pytest.approx(row["validation_loss"], rel=1e-10)
    assert_close(other_weights, weights, rtol=1e-10, atol=1e-10)


def test_bfloat16_is_near_float32_and_leaves_weights_and_loss_in_float32(tmp_path):
    """Emulated where the CPU has no instructions for it."""
    usual = training(numerics=Numerics.NATIVE)
    model = network(usual)
    half = training(numerics=Numerics.NATIVE, precision=Precision.BFLOAT16)
    products.select(Numerics.NATIVE)
    with autocast(half):
        batch = Reversal().batch(1)
        assert all_logits(model, batch.inputs, batch.source).dtype is torch.bfloat16
        assert (
            MeanNats(model, 0.1)(batch.inputs, batch.targets, batch.source).dtype is torch.float32
        )
    (_, curve), (published, half_curve) = trained(tmp_path / "32", usual), trained(tmp_path, half)
    assert {tensor.dtype for tensor in load(published).values()} == {torch.float32}
    for row, other in zip(curve, half_curve, strict=True):
        assert other["train_loss"] != row["train_loss"]
        assert other["train_loss"] == pytest.approx(row["train_loss"], rel=0.01)
        assert other["validation_loss"] == pytest.approx(row["validation_loss"], rel=0.01)


def test_a_compiled_network_is_compiled_once_for_all_lengths(tmp_path, monkeypatch):
    """Compiling takes a minute and is PyTorch's own; here it is only asked for."""
    asked = []
    monkeypatch.setattr(
        torch, "compile", lambda network, **options: asked.append(options) or network
    )
    compiled = trained(tmp_path / "compiled", training(numerics=Numerics.NATIVE, compile=True))
    assert asked == [{"dynamic": True}]
    assert compiled == trained(tmp_path, training(numerics=Numerics.NATIVE))
    assert len(asked) == 1


def test_dropout_follows_from_the_seed_and_from_the_step(tmp_path):
    """The same weights and batches, but other seeds of the training: other losses."""

    def first_losses(seed):
        settings = training(
            seed=seed, steps=2, average_checkpoints=1, validate_every=1, learning_rate=1e-30
        )
        model = network(training(), dropout=0.5)
        folder = tmp_path / str(seed)
        folder.mkdir()
        batch = reversed_pairs(sequences(16, [0]))
        same = type("Same", (), {"batch": lambda _, step: batch, "validation": lambda _: [batch]})
        curve = train(model, same(), settings, folder, "toy")
        return [row["train_loss"] for row in curve]

    one, two = first_losses(1), first_losses(2)
    assert len({*one, *two}) == 4


def test_padding_is_in_no_loss_and_in_no_gradient():
    """Four more positions of padding in every row of source and target."""
    model = network(training(), dropout=0.0, attention_dropout=0.0).double()
    batch = Reversal().batch(1)
    losses, gradients = [], []
    for each in (batch, _widened(batch)):
        loss = MeanNats(model, 0.1)(each.inputs, each.targets, each.source)
        losses.append(loss)
        gradients.append(torch.autograd.grad(loss, list(model.parameters())))
    assert_close(*losses)
    assert_close(*gradients)


def _widened(batch: Batch) -> Batch:
    def widen(ids, filler):
        return torch.cat((ids, torch.full((len(ids), 4), filler)), dim=1)

    return Batch(widen(batch.inputs, 0), widen(batch.targets, IGNORED), widen(batch.source, 0))


def test_validation_is_the_mean_over_tokens_without_dropout_and_smoothing():
    model = network(training(), dropout=0.5)
    total, count = 0.0, 0
    for batch in Reversal().validation():
        for row in range(len(batch.targets)):
            length = int((batch.targets[row] != IGNORED).sum())
            one = slice(row, row + 1), slice(0, length)
            source = batch.source[row : row + 1, : int((batch.source[row] != 0).sum())]
            log_probs = all_logits(model.eval(), batch.inputs[one], source).log_softmax(dim=-1)
            total -= log_probs.gather(-1, batch.targets[one][:, :, None]).sum().item()
            count += length
    model.train()
    assert validation_loss(model, Reversal(), training()) == pytest.approx(total / count, rel=1e-5)


@pytest.mark.parametrize(
    ("hook", "told"),
    [
        (lambda gradient: gradient * math.inf, "the training loss is 2.* gradient has norm nan"),
        (None, "the training loss is nan and its gradient has norm nan"),
    ],
)
def test_a_dead_run_says_at_once_where_and_on_which_records(tmp_path, hook, told):
    settings = training(steps=3, average_checkpoints=1, accumulate_batches=2)
    model = network(settings)

    class Dying(Reversal):
        def batch(self, number):
            if number == 3:  # the first of step 2
                if hook:
                    model.embedding.tokens.weight.register_hook(hook)
                else:
                    model.embedding.tokens.weight.data.fill_(math.nan)
            return super().batch(number)

    where = "at step 2, on the training records 6, 7, 8, 9, 10, 11; lower training.learning_rate or"
    with pytest.raises(PipelineError, match=f"^{told} {where} set training.gradient_clip$"):
        train(model, Dying(rows=3), settings, tmp_path, "toy")


def test_gradients_are_clipped_to_the_largest_norm(tmp_path):
    """Adam forgets the scale of gradients but for epsilon, which is made large here."""
    steps = {}
    for clip in (1e-3, 1e-6):
        settings = training(
            steps=1,
            average_checkpoints=1,
            gradient_clip=clip,
            optimizer=adam(1.0),
            schedule=inverse_square_root(1),
        )
        model = network(settings)
        before = torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()
        folder = tmp_path / str(clip)
        folder.mkdir()
        train(model, Reversal(), settings, folder, "toy")
        after = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
        steps[clip] = (after - before).norm().item()
    assert steps[1e-3] == pytest.approx(0.005 * 1e-3, rel=0.05)
    assert steps[1e-6] < 0.01 * steps[1e-3]


def test_a_network_learns_to_reverse(tmp_path):
    settings = training(
        steps=300,
        schedule=inverse_square_root(40),
        average_checkpoints=4,
        average_every=5,
        validate_every=100,
        checkpoint_every=1000,
        learning_rate=0.01,
    )
    model = network(settings, num_layers=1, d_model=32, d_ff=64, dropout=0.0, attention_dropout=0.0)
    curve = train(model, Reversal(), settings, tmp_path, "reverse")
    assert curve[-1]["validation_loss"] < 0.2
    unseen = sequences(100, [99])
    sources = [torch.tensor([*row, EOS]) for row in unseen]
    found = search(model.eval(), sources, BOS, EOS, beam(), extra_length=5)
    hits = [best[0].ids == row[::-1].tolist() for best, row in zip(found, unseen, strict=True)]
    assert sum(hits) > 95


def test_weights_that_are_kept_are_those_after_their_update_and_nothing_else_changes(tmp_path):
    keeping = training(keep_steps=[5, 12])
    assert trained(tmp_path / "keeping", keeping) == trained(tmp_path / "usual", training())
    last = training(checkpoint_selection=CheckpointSelection.LAST)
    for step in (5, 12):
        trained(tmp_path / "last", last.model_copy(update={"steps": step}))
        model = network(keeping)
        checkpoint.load_kept(tmp_path / "keeping/work", model, step)
        store.save(model, tmp_path)
        assert (tmp_path / store.WEIGHTS).read_bytes() == (
            tmp_path / "last" / store.WEIGHTS
        ).read_bytes()
        shutil.rmtree(tmp_path / "last")
    with pytest.raises(CheckpointError, match="step_7.safetensors: no weights to keep .* again"):
        checkpoint.load_kept(tmp_path / "keeping/work", network(keeping), 7)


@pytest.mark.parametrize("steps", [[12, 5], [5, 5], [13]])
def test_updates_whose_weights_are_kept_are_in_order_and_within_the_training(steps):
    with pytest.raises(ValueError, match=r"keep_steps = .* end at steps = 12 or before"):
        training(keep_steps=steps)
