import pytest
import torch
from torch.nn import functional as F
from torch.testing import assert_close

from pipeline.training.loss import IGNORED, smoothed_cross_entropy, token_nats

TARGETS = torch.tensor([[3, 0, 6, IGNORED], [1, IGNORED, IGNORED, IGNORED], [5, 5, 2, 4]])


@pytest.fixture
def logits() -> torch.Tensor:
    random = torch.Generator().manual_seed(0)
    return 3.0 * torch.randn(3, 4, 7, dtype=torch.float64, generator=random).requires_grad_()


@pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])
def test_the_loss_is_the_cross_entropy_with_the_smoothed_distribution(logits, smoothing):
    counted = TARGETS != IGNORED
    asked = (1 - smoothing) * F.one_hot(TARGETS[counted], 7) + smoothing / 7
    expected = -(asked * logits[counted].log_softmax(dim=-1)).sum() / counted.sum()
    loss = smoothed_cross_entropy(logits, TARGETS, smoothing)
    assert_close(loss, expected)
    (gradient,) = torch.autograd.grad(loss, logits)
    assert torch.all(gradient[~counted] == 0.0)
    assert_close(gradient[counted], (logits[counted].softmax(dim=-1) - asked) / counted.sum())


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_the_gradient_is_that_of_the_loss(logits, smoothing):
    assert torch.autograd.gradcheck(
        lambda x: smoothed_cross_entropy(x, TARGETS, smoothing), logits.detach().requires_grad_()
    )


def test_the_loss_of_known_logits():
    """Probabilities 1/5 and 4/5; smoothing 0.2 asks for 0.9 and 0.1."""
    logits = torch.tensor([[[0.0, 3.0]]]).log1p()
    targets = torch.tensor([[0]])
    nats = torch.tensor([0.2, 0.8]).log().neg()
    assert_close(smoothed_cross_entropy(logits, targets, 0.0), nats[0])
    assert_close(smoothed_cross_entropy(logits, targets, 0.2), 0.9 * nats[0] + 0.1 * nats[1])


def test_large_logits_lose_no_precision():
    logits = torch.tensor([[[1e4, 1e4, -1e4]]], requires_grad=True)
    loss = smoothed_cross_entropy(logits, torch.tensor([[0]]), 0.0)
    assert_close(loss.detach(), torch.tensor(2.0).log())
    (gradient,) = torch.autograd.grad(loss, logits)
    assert_close(gradient, torch.tensor([[[-0.5, 0.5, 0.0]]]))


def test_what_stands_at_padding_has_no_influence(logits):
    changed = torch.where((TARGETS == IGNORED)[:, :, None], logits * -5.0, logits)
    assert torch.equal(
        smoothed_cross_entropy(logits, TARGETS, 0.1), smoothed_cross_entropy(changed, TARGETS, 0.1)
    )


def test_nats_are_the_log_probabilities_of_the_targets(logits):
    nats = token_nats(logits, TARGETS)
    assert nats.shape == TARGETS.shape
    log_probs = logits.log_softmax(dim=-1)
    for row, column in [(0, 0), (0, 2), (1, 0), (2, 3)]:
        assert_close(nats[row, column], -log_probs[row, column, TARGETS[row, column]])
    assert torch.all(nats[TARGETS == IGNORED] == 0.0)
    counted = TARGETS != IGNORED
    assert_close(nats.sum() / counted.sum(), smoothed_cross_entropy(logits, TARGETS, 0.0))
