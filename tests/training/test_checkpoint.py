import os

import pytest
import torch

from models.build import build
from models.settings import Structure
from pipeline.errors import CheckpointError
from pipeline.settings.training import Optimizer
from pipeline.training import checkpoint, optimizers
from pipeline.training.checkpoint import TrainingState
from pipeline.training.update import Update
from tests.models.networks import TEXT, settings
from tests.training.toys import OPTIMIZERS, adam


def _network(kind: Optimizer, d_model: int = 8, seed: int = 0):
    torch.manual_seed(seed)
    model = build(settings(Structure.DECODER, d_model=d_model), TEXT)
    return model, optimizers.build(model, kind)


def _update(model, optimizer):
    optimizer.zero_grad()
    ids = torch.arange(TEXT.inputs)[None]
    model.nats(ids[:, :-1], ids[:, 1:]).mean().backward()
    optimizer.step()


@pytest.fixture(params=OPTIMIZERS, ids=lambda settings: settings.kind)
def kind(request):
    return request.param


@pytest.fixture
def written(tmp_path, kind):
    model, optimizer = _network(kind)
    _update(model, optimizer)
    average = {name: 2 * tensor for name, tensor in model.state_dict().items()}
    curve = [{"step": 1, "train_loss": 0.1 + 0.2}]
    updates = [Update(1 / 3, 2, 7), Update(1e-300, 0, 5)]
    checkpoint.write(tmp_path, model, optimizer, TrainingState(1, average, curve, updates))
    return tmp_path, model, optimizer


def test_no_checkpoint_is_none(tmp_path):
    assert checkpoint.read(tmp_path, *_network(adam())) is None


def test_a_checkpoint_brings_everything_back(written, kind):
    folder, model, optimizer = written
    other, other_optimizer = _network(kind, seed=1)
    progress = checkpoint.read(folder, other, other_optimizer)
    assert progress.step == 1
    assert progress.curve == [{"step": 1, "train_loss": 0.1 + 0.2}]
    assert progress.updates == [Update(1 / 3, 2, 7), Update(1e-300, 0, 5)]
    assert list(progress.kept)
    for name, tensor in model.state_dict().items():
        assert torch.equal(other.state_dict()[name], tensor)
        assert torch.equal(progress.kept[name], 2 * tensor)
    for _ in range(3):  # the moments and the step count are there too
        _update(model, optimizer)
        _update(other, other_optimizer)
    for one, two in zip(model.parameters(), other.parameters(), strict=True):
        assert torch.equal(one, two)


def _assert_refused(folder, model, optimizer):
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(CheckpointError, match="damaged checkpoint") as caught:
        checkpoint.read(folder, model, optimizer)
    assert str(folder / checkpoint.FILE) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert all(torch.equal(before[name], tensor) for name, tensor in model.state_dict().items())
    assert not optimizer.state


@pytest.mark.parametrize("share", [0.0, 0.0001, 0.01, 0.5, 0.999])
def test_a_cut_checkpoint_is_refused(written, kind, share):
    folder = written[0]
    path = folder / checkpoint.FILE
    content = path.read_bytes()
    path.write_bytes(content[: int(share * len(content))])
    _assert_refused(folder, *_network(kind))


@pytest.mark.parametrize("content", [b"\xff" * 200, b"\0" * 200, b"{}"])
def test_a_file_that_is_no_checkpoint_is_refused(written, kind, content):
    folder = written[0]
    (folder / checkpoint.FILE).write_bytes(content)
    _assert_refused(folder, *_network(kind))


def test_the_checkpoint_of_another_network_is_refused(written, kind):
    _assert_refused(written[0], *_network(kind, d_model=12))


def test_a_full_disk_leaves_the_checkpoint_before_it(written):
    folder, model, optimizer = written
    path = folder / checkpoint.FILE
    before = path.read_bytes()
    (folder / f".{checkpoint.FILE}.{os.getpid()}.partial").symlink_to("/dev/full")
    with pytest.raises(OSError, match=r"\(at least [\d,.]+ MB needed, [\d,.]+ MB free\)") as caught:
        checkpoint.write(folder, model, optimizer, TrainingState(2, {}, [], []))
    assert caught.value.filename == str(path)
    assert path.read_bytes() == before
    assert [path.name for path in folder.iterdir()] == [checkpoint.FILE]
