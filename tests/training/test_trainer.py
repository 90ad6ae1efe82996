import copy
import math
import multiprocessing
import random
import signal
import time

import pytest
import torch
from torch.testing import assert_close

from models import store
from models.settings import Architecture
from models.transformer import build
from pipeline.decoding.beam import search
from pipeline.errors import PipelineError
from pipeline.tasks.translation.codec import BOS, EOS
from pipeline.training import checkpoint
from pipeline.training.batches import Batch
from pipeline.training.loss import IGNORED, smoothed_cross_entropy
from pipeline.training.trainer import prepare, train, validation_loss
from tests.decoding.test_beam import decoding
from tests.models.networks import settings
from tests.training.toys import SHAPE, Reversal, reversed_pairs, sequences, training


@pytest.fixture(autouse=True)
def _usual_algorithms():
    yield
    torch.use_deterministic_algorithms(False)


def _network(training, **sizes):
    prepare(training)
    usual = {"dropout": 0.1, "attention_dropout": 0.1}
    return build(settings(Architecture.ENCODER_DECODER, **(usual | sizes)), SHAPE)


def _train(folder, training, batches=None, **sizes):
    """Train, save, and return the bytes of the weights and the curve."""
    model = _network(training, **sizes)
    work = folder / "work"
    work.mkdir(exist_ok=True)
    curve = train(model, batches or Reversal(), training, work, "toy")
    store.save(model, folder)
    return (folder / store.WEIGHTS).read_bytes(), curve


class Interrupted(Reversal):
    """Batches that end with Ctrl-C at a step."""

    def __init__(self, step: int) -> None:
        super().__init__()
        self._step = step

    def batch(self, step: int) -> Batch:
        if step == self._step:
            raise KeyboardInterrupt
        return super().batch(step)


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    return _train(tmp_path_factory.mktemp("undisturbed"), training())


def test_two_trainings_have_the_same_bytes(tmp_path, undisturbed):
    assert _train(tmp_path, training()) == undisturbed


@pytest.mark.parametrize("steps", [[2], [4], [9], [11], [12], [4, 5, 8, 12]])
def test_an_interrupted_training_ends_with_the_same_bytes(tmp_path, undisturbed, steps, capsys):
    """Averaged are steps 8, 10 and 12, validated 5, 10 and 12, kept 3, 6 and 9."""
    for step in steps:
        with pytest.raises(KeyboardInterrupt):
            _train(tmp_path, training(), Interrupted(step))
    assert _train(tmp_path, training()) == undisturbed
    kept = [3 * ((step - 1) // 3) for step in steps]
    resumed = [f"going on from step {step}" for step in kept if step]
    assert [line[: line.index(" in ")] for line in _lines(capsys)] == resumed


def _lines(capsys):
    return [line for line in capsys.readouterr().err.splitlines() if line.startswith("going on")]


def test_a_training_killed_at_random_moments_ends_with_the_same_bytes(tmp_path):
    settings = training(steps=200, checkpoint_every=1)
    (tmp_path / "undisturbed").mkdir()
    undisturbed = _train(tmp_path / "undisturbed", settings)
    disturbed = tmp_path / "disturbed"
    disturbed.mkdir()
    moments, kills = random.Random(1), []
    processes = multiprocessing.get_context("fork")
    while len(kills) < 3:
        process = processes.Process(target=_train, args=(disturbed, settings))
        process.start()
        _await_progress(disturbed / "work" / checkpoint.FILE)
        time.sleep(moments.uniform(0.0, 0.05))
        process.kill()
        process.join()
        kills.append(process.exitcode)
    assert kills == [-signal.SIGKILL] * 3
    assert not (disturbed / store.WEIGHTS).exists()
    assert _train(disturbed, settings) == undisturbed


def _await_progress(path):
    """Wait until a checkpoint is written that was not there at the call."""
    before = path.stat().st_mtime_ns if path.exists() else None
    deadline = time.monotonic() + 120.0
    while (path.stat().st_mtime_ns if path.exists() else None) == before:
        assert time.monotonic() < deadline
        time.sleep(0.001)


def test_a_damaged_checkpoint_stops_the_training(tmp_path):
    with pytest.raises(KeyboardInterrupt):
        _train(tmp_path, training(), Interrupted(5))
    path = tmp_path / "work" / checkpoint.FILE
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(PipelineError, match="damaged checkpoint"):
        _train(tmp_path, training())


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
    _, every_step = _train(tmp_path, training(validate_every=1))
    losses = [row["train_loss"] for row in every_step]
    expected = [sum(losses[:5]) / 5, sum(losses[5:10]) / 5, sum(losses[10:]) / 2]
    assert [row["train_loss"] for row in undisturbed[1]] == pytest.approx(expected)


def test_the_result_is_the_average_of_the_last_checkpoints(tmp_path):
    """Each weight, after 8, 10 and 12 updates; the others are found by stopping there."""
    stopped = []
    for last in (8, 10, 12):
        settings = training(average_checkpoints=1, validate_every=50)
        model = _network(settings)
        kept = {}

        class Recording(Reversal):
            def batch(self, step, kept=kept, last=last, model=model):
                if step == last + 1:
                    kept.update(copy.deepcopy(model.state_dict()))
                return super().batch(step)

        folder = tmp_path / str(last)
        folder.mkdir()
        train(model, Recording(), settings, folder, "toy")
        stopped.append(kept or model.state_dict())
    (tmp_path / "averaged").mkdir()
    _train(tmp_path / "averaged", training())
    averaged = store.load(tmp_path / "averaged").state_dict()
    for name, tensor in averaged.items():
        assert_close(tensor, torch.stack([weights[name] for weights in stopped]).mean(dim=0))


def test_dropout_follows_from_the_seed_and_from_the_step(tmp_path):
    """The same weights and batches, but other seeds of the training: other losses."""

    def first_losses(seed):
        settings = training(
            seed=seed, steps=2, average_checkpoints=1, validate_every=1, learning_rate=1e-30
        )
        model = _network(training(), dropout=0.5)
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
    model = _network(training(), dropout=0.0, attention_dropout=0.0).double()
    batch = Reversal().batch(1)
    losses, gradients = [], []
    for each in (batch, _widened(batch)):
        loss = smoothed_cross_entropy(model(each.inputs, each.source), each.targets, 0.1)
        losses.append(loss)
        gradients.append(torch.autograd.grad(loss, list(model.parameters())))
    assert_close(*losses)
    assert_close(*gradients)


def _widened(batch: Batch) -> Batch:
    def widen(ids, filler):
        return torch.cat((ids, torch.full((len(ids), 4), filler)), dim=1)

    return Batch(widen(batch.inputs, 0), widen(batch.targets, IGNORED), widen(batch.source, 0))


def test_validation_is_the_mean_over_tokens_without_dropout_and_smoothing():
    model = _network(training(), dropout=0.5)
    total, count = 0.0, 0
    for batch in Reversal().validation():
        for row in range(len(batch.targets)):
            length = int((batch.targets[row] != IGNORED).sum())
            one = slice(row, row + 1), slice(0, length)
            source = batch.source[row : row + 1, : int((batch.source[row] != 0).sum())]
            log_probs = model.eval()(batch.inputs[one], source).log_softmax(dim=-1)
            total -= log_probs.gather(-1, batch.targets[one][:, :, None]).sum().item()
            count += length
    model.train()
    assert validation_loss(model, Reversal(), "cpu") == pytest.approx(total / count, rel=1e-5)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_a_loss_that_is_not_finite_stops_the_training(tmp_path, value):
    settings = training()
    model = _network(settings)
    torch.nn.init.constant_(model.embedding.tokens.weight, value)
    with pytest.raises(PipelineError, match="the training loss is nan at step 1; lower"):
        train(model, Reversal(), settings, tmp_path, "toy")


def test_gradients_are_clipped_to_the_largest_norm(tmp_path):
    """Adam forgets the scale of gradients but for epsilon, which is made large here."""
    steps = {}
    for clip in (1e-3, 1e-6):
        settings = training(
            steps=1, average_checkpoints=1, gradient_clip=clip, adam_epsilon=1.0, warmup_steps=1
        )
        model = _network(settings)
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
        warmup_steps=40,
        average_checkpoints=4,
        average_every=5,
        validate_every=100,
        checkpoint_every=1000,
        learning_rate=0.01,
    )
    model = _network(
        settings, num_layers=1, d_model=32, d_ff=64, dropout=0.0, attention_dropout=0.0
    )
    curve = train(model, Reversal(), settings, tmp_path, "reverse")
    assert curve[-1]["validation_loss"] < 0.2
    unseen = sequences(100, [99])
    sources = [torch.tensor([*row, EOS]) for row in unseen]
    found = search(model.eval(), sources, BOS, EOS, decoding(beam_size=4, extra_length=5))
    hits = [best[0].ids == row[::-1].tolist() for best, row in zip(found, unseen, strict=True)]
    assert sum(hits) > 95
