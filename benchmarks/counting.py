"""Costs of a layer that do not depend on the machine, counted in what our modules compute."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import torch
from torch import Tensor
from torch.autograd.graph import Node
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from benchmarks.layers import LayerType, after_operations, layer

PRODUCTS = {"AddmmBackward0", "MmBackward0", "BmmBackward0", "ConvolutionBackward0"}


class FloatingPointOperations(TorchDispatchMode):
    """Adds up operations in `total`, by torch's formulas.

    FlopCounterMode, which has the same formulas, takes 20 times as long for an LSTM.
    """

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: dict | None = None
    ) -> Any:
        """Compute, and count if it is a product."""
        result = func(*args, **(kwargs or {}))
        if func.overloadpacket in flop_registry:
            formula = flop_registry[func.overloadpacket]
            self.total += formula(*args, **(kwargs or {}), out_val=result)
        return result


def floating_point_operations(kind: LayerType, length: int, d_model: int, block: int) -> int:
    """Multiplications and additions of all products of a forward and a backward pass."""
    with FloatingPointOperations() as counter:
        unfused(kind, length, d_model, block).sum().backward()
    return counter.total


def sequential_operations(kind: LayerType, length: int, d_model: int, block: int) -> int:
    """The minimum number of sequential matrix products of one layer."""
    return longest_chain(unfused(kind, length, d_model, block))


def unfused(kind: LayerType, length: int, d_model: int, block: int) -> Tensor:
    """The output of a layer without fused kernels, so that its graph has every product.

    On the meta device, where nothing is computed; recurrence, which takes long there, on the CPU.
    """
    device = "cpu" if kind is LayerType.RECURRENT else "meta"
    inputs = torch.zeros(1, length, d_model, device=device, requires_grad=True)
    with torch.backends.mkldnn.flags(enabled=False, allow_tf32=False):
        return layer(kind, inputs, block)(inputs)


def path_length(kind: LayerType, length: int, d_model: int, block: int) -> int:
    """The number of operations after which the last output depends on every input."""
    torch.manual_seed(0)
    # Double precision: the gradient of a long path is small, that of no path is exactly zero.
    inputs = torch.randn(1, length, d_model, dtype=torch.float64, requires_grad=True)
    return operations_until_connected(after_operations(kind, inputs, block), inputs)


def longest_chain(output: Tensor) -> int:
    """The largest number of matrix products on one path of the graph that computed `output`.

    Raises ValueError if there are none, because a fused kernel hides its products.
    """
    chain: dict[Node, int] = {}
    # Nodes are numbered in the order in which they are made, so after those that they depend on;
    # leaves have the largest number.
    for node in sorted(_nodes(output), key=lambda node: node._sequence_nr()):
        longest = max((chain.get(parent, 0) for parent, _ in node.next_functions), default=0)
        chain[node] = longest + (node.name() in PRODUCTS)
    longest = max(chain.values())
    if longest == 0:
        raise ValueError("there is no matrix product in the graph; is a kernel fused?")
    return longest


def _nodes(output: Tensor) -> set[Node]:
    found, unseen = set(), [output.grad_fn]
    while unseen:
        node = unseen.pop()
        if node is not None and node not in found:
            found.add(node)
            unseen.extend(parent for parent, _ in node.next_functions)
    return found


def operations_until_connected(hidden: Iterator[Tensor], inputs: Tensor) -> int:
    """The index, from 1, of the first of `hidden` whose last position depends on all `inputs`.

    All are (1, n, d). Raises ValueError if none of the first n does.
    """
    length = inputs.shape[1]
    for operations, states in enumerate(islice(hidden, length), start=1):
        (gradient,) = torch.autograd.grad(states[:, -1].sum(), inputs, retain_graph=True)
        if gradient.ne(0).any(dim=-1).all():
            return operations
    raise ValueError(f"the last of {length} outputs does not see all inputs in {length} operations")
