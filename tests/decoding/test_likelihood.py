import torch
from pipeline.decoding.likelihood import token_nll
from torch.testing import assert_close

from pipeline.training.loss import IGNORED
from tests.models import naive
from tests.models.networks import SKEWED, decoder, encoder_decoder


def test_the_nats_of_a_sequence_add_up_to_its_log_probability():
    model = encoder_decoder()
    source, ids = torch.tensor([1, 5, 3]), [4, 6, 3]
    nll = token_nll(model, torch.tensor([[2, 4, 6]]), torch.tensor([ids]), source[None])
    assert_close(-nll.sum().item(), naive.log_prob(model, source, 2, ids))


def test_probabilities_of_all_continuations_add_up_to_one():
    model = decoder(SKEWED)
    outputs = model.shape.outputs
    inputs = torch.tensor([[8, 1, 2]]).expand(outputs, -1)
    targets = torch.tensor([[1, 2, last] for last in range(outputs)])
    assert_close(token_nll(model, inputs, targets)[:, -1].neg().exp().sum().item(), 1.0)


def test_ignored_targets_cost_nothing_and_no_gradient_is_kept():
    inputs = torch.tensor([[8, 1, 2]])
    nll = token_nll(decoder(SKEWED), inputs, torch.tensor([[1, IGNORED, IGNORED]]))
    assert nll[0, 0] > 0.0
    assert nll[0, 1:].tolist() == [0.0, 0.0]
    assert not nll.requires_grad
