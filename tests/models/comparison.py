"""Two ways to compute the same thing."""

import torch
from torch import Tensor, nn
from torch.testing import assert_close

from models.shared.base import AutoregressiveModel, BlockwiseModel, State
from models.shared.heads import Softmax


def random_tensor(*shape: int, seed: int = 0) -> Tensor:
    """Normal numbers in float64."""
    random = torch.Generator().manual_seed(seed)
    return torch.randn(shape, dtype=torch.float64, generator=random)


def ids(low: int, high: int, *shape: int, seed: int = 0) -> Tensor:
    """Random ids from `low` to high - 1."""
    return torch.randint(low, high, shape, generator=torch.Generator().manual_seed(seed))


def all_logits(model: AutoregressiveModel, inputs: Tensor, source: Tensor | None = None) -> Tensor:
    """The logits (batch, target, outputs) after each of inputs (batch, target), by `forward`.

    The channels of a pixel may share a hidden state: those before the predicted one are then
    given to the head.
    """
    hidden = model(inputs, source)
    if isinstance(model.head, Softmax):
        return model.head.next_logits(hidden)
    logits = []
    for position in range(inputs.shape[1]):
        pixel, channel = divmod(position, model.shape.layout.channels)
        observed = inputs[:, position + 1 - channel : position + 1] if channel else None
        logits.append(model.head.next_logits(hidden[:, pixel], observed))
    return torch.stack(logits, dim=1)


def stepped_logits(model: AutoregressiveModel, inputs: Tensor, state: State) -> Tensor:
    """The logits (batch, target, outputs) of inputs (batch, target), fed one after the other."""
    return torch.stack([model.step(column, state) for column in inputs.T], dim=1)


def assert_steps_equal_forward(
    model: AutoregressiveModel, inputs: Tensor, source: Tensor | None = None
) -> None:
    """A step of each position gives what all positions at once give."""
    with torch.no_grad():
        copies = len(inputs) if source is None else len(inputs) // len(source)
        state = model.init_state(source, copies, inputs.shape[1])
        stepped = stepped_logits(model, inputs, state)
        sources = None if source is None else source.repeat_interleave(copies, dim=0)
        expected = all_logits(model, inputs, sources)
    assert_close(stepped, expected, rtol=1e-10, atol=1e-10)


def assert_reordered_steps_equal_forward(
    model: AutoregressiveModel, inputs: Tensor, fed: int, rows: Tensor
) -> None:
    """Without a source: after `fed` positions the rows `rows` go on as if they were the batch."""
    with torch.no_grad():
        state = model.init_state(None, len(inputs), inputs.shape[1])
        stepped_logits(model, inputs[:, :fed], state)
        state.reorder(rows)
        later = inputs[rows, fed:].flip(0)
        stepped = stepped_logits(model, later, state)
        expected = all_logits(model, torch.cat((inputs[rows, :fed], later), dim=1))
    assert_close(stepped, expected[:, fed:], rtol=1e-10, atol=1e-10)


def assert_feeding_equals_forward(
    model: BlockwiseModel, inputs: Tensor, source: Tensor | None = None, seed: int = 0
) -> None:
    """Rows that are fed several ids at once, and lose some again, give what `forward` gives.

    Of each block a row keeps as many ids as are its own, and the rest are wrong ones: any number
    from none to all, another for each row. After the first block one leaves, and others change
    places.
    """
    random = torch.Generator().manual_seed(seed)
    rows, length = inputs.shape
    with torch.no_grad():
        sources = None if source is None else source.repeat_interleave(rows // len(source), dim=0)
        expected = all_logits(model, inputs, sources)
        state = model.init_rows(sources, rows, length)
        while (state.lengths < length).any():
            fed = state.lengths
            size = int(torch.randint(1, 6, (), generator=random))
            kept = torch.randint(0, size + 1, fed.shape, generator=random)
            at = fed[:, None] + torch.arange(size)
            block = inputs.gather(1, at.clamp(max=length - 1))
            wrong = (block + 1) % model.shape.outputs
            block = torch.where(torch.arange(size) < kept[:, None], block, wrong)
            logits = model.head.next_logits(model.feed(block, state))
            state.lengths = fed + kept.minimum(length - fed)
            for row in range(len(inputs)):
                count = int(state.lengths[row] - fed[row])
                own = slice(int(fed[row]), int(fed[row]) + count)
                assert_close(logits[row, :count], expected[row, own], rtol=1e-10, atol=1e-10)
            if len(inputs) == rows:
                order = torch.arange(rows - 1, 0, -1)
                state.reorder(order)
                inputs, expected = inputs[order], expected[order]


def assert_same_values_and_gradients(
    ours: Tensor, expected: Tensor, inputs: nn.Module | list[Tensor], tolerance: float = 1e-10
) -> None:
    """Equal outputs, and equal gradients of `inputs`, or of all weights of a network."""
    assert_close(ours, expected, rtol=tolerance, atol=tolerance)
    weights = list(inputs.parameters()) if isinstance(inputs, nn.Module) else list(inputs)
    upstream = random_tensor(*ours.shape, seed=9).to(ours.dtype)
    one, other = (
        torch.autograd.grad(output, weights, upstream, materialize_grads=True, retain_graph=True)
        for output in (ours, expected)
    )
    for mine, theirs in zip(one, other, strict=True):
        assert_close(mine, theirs, rtol=10 * tolerance, atol=tolerance)
