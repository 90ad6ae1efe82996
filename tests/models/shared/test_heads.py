import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.testing import assert_close

from models.shared import heads
from models.shared.heads import IGNORED, LaplaceHead, Softmax, softmax_nats
from tests.models.comparison import assert_same_values_and_gradients, ids, random_tensor

TARGETS = torch.tensor([3, 0, 6, IGNORED, 1, IGNORED, IGNORED, IGNORED, 5, 5, 2, 4])
COUNTED = TARGETS != IGNORED

smoothings = pytest.mark.parametrize("smoothing", [0.0, 0.1, 0.9])


@pytest.fixture
def logits() -> torch.Tensor:
    return (3.0 * random_tensor(12, 7)).requires_grad_()


@smoothings
def test_nats_are_the_cross_entropy_of_torch(logits, smoothing):
    nats = softmax_nats(logits, TARGETS, smoothing)
    expected = F.cross_entropy(
        logits, TARGETS, ignore_index=IGNORED, reduction="none", label_smoothing=smoothing
    )
    assert_same_values_and_gradients(nats, expected, [logits])


@smoothings
def test_nats_are_the_cross_entropy_with_the_smoothed_distribution(logits, smoothing):
    nats = softmax_nats(logits, TARGETS, smoothing)
    asked = (1 - smoothing) * F.one_hot(TARGETS[COUNTED], 7) + smoothing / 7
    assert_close(nats[COUNTED], -(asked * logits[COUNTED].log_softmax(dim=-1)).sum(dim=-1))
    (gradient,) = torch.autograd.grad(nats.sum(), logits)
    assert_close(gradient[COUNTED], logits[COUNTED].softmax(dim=-1) - asked)


@smoothings
def test_an_ignored_target_has_0_nats_and_no_gradient(logits, smoothing):
    nats = softmax_nats(logits, TARGETS, smoothing)
    assert torch.all(nats[~COUNTED] == 0.0) and torch.all(nats[COUNTED] > 0.0)
    (gradient,) = torch.autograd.grad(nats.sum(), logits)
    assert torch.all(gradient[~COUNTED] == 0.0) and torch.all(gradient[COUNTED] != 0.0)


@smoothings
def test_the_gradient_is_that_of_the_nats(logits, smoothing):
    assert torch.autograd.gradcheck(lambda x: softmax_nats(x, TARGETS, smoothing), logits)


def test_the_nats_of_known_logits():
    """Probabilities 1/5 and 4/5; smoothing 0.2 asks for 0.9 and 0.1."""
    logits, targets = torch.tensor([[0.0, 3.0]]).log1p(), torch.tensor([0])
    nats = torch.tensor([0.2, 0.8]).log().neg()
    assert_close(softmax_nats(logits, targets, 0.0), nats[:1])
    assert_close(softmax_nats(logits, targets, 0.2), 0.9 * nats[:1] + 0.1 * nats[1:])


def test_large_logits_lose_no_precision():
    logits = torch.tensor([[1e4, 1e4, -1e4]], requires_grad=True)
    nats = softmax_nats(logits, torch.tensor([0]), 0.0)
    assert_close(nats.detach(), torch.tensor([2.0]).log())
    (gradient,) = torch.autograd.grad(nats.sum(), logits)
    assert_close(gradient, torch.tensor([[-0.5, 0.5, 0.0]]))


def test_logits_of_half_precision_are_summed_in_single(logits):
    half = logits.detach().bfloat16().requires_grad_()
    nats = softmax_nats(half, TARGETS, 0.1)
    assert nats.dtype is torch.float32
    assert torch.equal(nats, softmax_nats(half.float(), TARGETS, 0.1))
    (gradient,) = torch.autograd.grad(nats.sum(), half)
    assert gradient.dtype is torch.bfloat16


def test_the_logits_of_an_ignored_target_have_no_influence(logits):
    changed = torch.where(COUNTED[:, None], logits, logits * -5.0)
    assert torch.equal(softmax_nats(logits, TARGETS, 0.1), softmax_nats(changed, TARGETS, 0.1))


def _head(tied: bool) -> tuple[Softmax, list[torch.Tensor]]:
    """A head of 7 outputs on 6 features, and its weights; a tied table has 9 rows."""
    torch.manual_seed(1)
    if not tied:
        head = Softmax(6, 7).double()
        return head, list(head.parameters())
    table = nn.Embedding(9, 6).double()
    return Softmax(6, 7, table), [table.weight]


both = pytest.mark.parametrize("tied", [False, True], ids=["own", "tied"])


@both
def test_logits_are_a_linear_map_of_the_hidden_states(tied):
    head, weights = _head(tied)
    hidden = random_tensor(2, 5, 6)
    expected = hidden @ weights[0][:7].T + (0.0 if tied else weights[1])
    assert_close(head.next_logits(hidden), expected)
    assert_close(head.next_logits(hidden[:, 0]), expected[:, 0])


def test_a_tied_table_is_no_weight_of_the_head():
    """Or it would be saved twice."""
    head, _ = _head(tied=True)
    assert list(head.parameters()) == [] and head.state_dict() == {}


@both
@smoothings
@pytest.mark.parametrize("rows", [1, 4, 5, 14, 15])
def test_chunks_equal_one_chunk(tied, smoothing, rows, monkeypatch):
    """Of 15 positions, so that the last chunk may be a short one."""
    head, weights = _head(tied)
    hidden, targets = random_tensor(3, 5, 6).requires_grad_(), ids(0, 7, 3, 5)
    targets[0, 3:] = IGNORED
    whole = head.nats(hidden, targets, smoothing)
    monkeypatch.setattr(heads, "CHUNK_LOGITS", 7 * rows + 3)
    sizes = _chunks(monkeypatch)
    chunked = head.nats(hidden, targets, smoothing)
    assert sizes == [rows] * (15 // rows) + ([15 % rows] if 15 % rows else [])
    assert_same_values_and_gradients(chunked, whole, [hidden, *weights])
    expected = F.cross_entropy(
        head.next_logits(hidden).flatten(0, 1),
        targets.flatten(),
        ignore_index=IGNORED,
        reduction="none",
        label_smoothing=smoothing,
    )
    assert_close(chunked, expected.view(3, 5))


def _chunks(monkeypatch) -> list[int]:
    """Of how many positions the nats are computed at once, each time."""
    sizes, compute = [], heads.softmax_nats

    def counted(logits, targets, smoothing):
        sizes.append(len(targets))
        return compute(logits, targets, smoothing)

    monkeypatch.setattr(heads, "softmax_nats", counted)
    return sizes


def test_a_chunk_has_a_position_at_least(monkeypatch):
    head, _ = _head(tied=False)
    hidden, targets = random_tensor(1, 3, 6), ids(0, 7, 1, 3)
    whole = head.nats(hidden, targets)
    monkeypatch.setattr(heads, "CHUNK_LOGITS", 1)
    sizes = _chunks(monkeypatch)
    assert_close(head.nats(hidden, targets), whole)
    assert sizes == [1, 1, 1]


def test_logits_are_kept_for_the_backward_pass_if_there_is_one_chunk_only(monkeypatch):
    head, _ = _head(tied=False)
    hidden, targets = random_tensor(4, 16, 6).requires_grad_(), ids(0, 7, 4, 16)

    def kept() -> int:
        """Elements of the tensors that the backward pass needs, but for weights and input."""
        sizes = {}

        def keep(saved: torch.Tensor) -> torch.Tensor:
            sizes[saved.untyped_storage().data_ptr()] = saved.numel()
            return saved

        with torch.autograd.graph.saved_tensors_hooks(keep, lambda saved: saved):
            head.nats(hidden, targets)
        return sum(sizes.values())

    assert kept() >= 4 * 16 * 7
    monkeypatch.setattr(heads, "CHUNK_LOGITS", 7 * 8)
    assert kept() <= 4 * 16 * 6 + 7 * 6 + 4 * 16  # hidden states, weights and targets


def test_the_nats_of_a_number_are_those_of_a_laplace_distribution():
    head = LaplaceHead(4).double()
    hidden, targets = random_tensor(6, 4), 3.0 * random_tensor(6, 1, seed=1)
    density = torch.distributions.Laplace(head.location(hidden), 1.0)
    assert_close(head.nats(hidden, targets), -density.log_prob(targets))
