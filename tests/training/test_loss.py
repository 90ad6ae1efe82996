import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from models.shared.heads import IGNORED
from pipeline.training.loss import MeanNats
from tests.models.architectures import AUTOREGRESSIVE, WITH_SOURCE, sequence, source
from tests.models.comparison import all_logits, assert_same_values_and_gradients

SMOOTHABLE = [name for name in AUTOREGRESSIVE if not name.startswith("mixture")]


def _batch(name: str):
    """A network, and inputs, targets and source; some targets are padding."""
    model = AUTOREGRESSIVE[name]()
    ids = sequence(model, 3)
    targets = ids[:, 1:].clone()
    targets[0, 2:] = targets[1, 5:] = IGNORED
    return model, ids[:, :-1], targets, source(model, 3) if name in WITH_SOURCE else None


@pytest.mark.parametrize("name", SMOOTHABLE)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_loss_is_the_mean_cross_entropy_of_torch(name, smoothing):
    model, inputs, targets, given = _batch(name)
    loss = MeanNats(model, smoothing)(inputs, targets, given)
    expected = F.cross_entropy(
        all_logits(model, inputs, given).flatten(0, 1),
        targets.flatten(),
        ignore_index=IGNORED,
        label_smoothing=smoothing,
    )
    assert_same_values_and_gradients(loss, expected, model)


@pytest.mark.parametrize("name", AUTOREGRESSIVE)
def test_each_target_counts_alike_however_many_a_row_has(name):
    model, inputs, targets, given = _batch(name)
    loss = MeanNats(model, 0.0)(inputs, targets, given)
    nats = model.nats(inputs, targets, given)
    assert_close(loss, nats[targets != IGNORED].mean())
    assert torch.count_nonzero(nats) == (targets != IGNORED).sum()


def test_its_weights_are_those_of_the_network():
    """Which the optimizer and DistributedDataParallel find in it."""
    model = AUTOREGRESSIVE["translation"]()
    found = list(MeanNats(model, 0.1).parameters())
    assert all(one is two for one, two in zip(found, model.parameters(), strict=True))
