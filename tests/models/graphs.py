"""Random graphs with padding, directed, without an order."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from models.settings import DataShape
from tests.models.comparison import ids
from tests.models.networks import GRAPH


def graph(nodes: int, shape: DataShape = GRAPH, seed: int = 0) -> tuple[Tensor, Tensor]:
    """Ids of nodes (node,) and of edges (query, key), none of them padding."""
    inputs = ids(1, shape.inputs, nodes, seed=seed)
    return inputs, ids(1, shape.layout.labels, nodes, nodes, seed=seed + 1000)


def padded(graphs: Sequence[tuple[Tensor, Tensor]], longest: int = 0) -> tuple[Tensor, Tensor]:
    """A batch of graphs, ids (batch, node) and (batch, query, key); `longest` nodes or more."""
    longest = max(longest, *(len(inputs) for inputs, _ in graphs))
    missing = [longest - len(inputs) for inputs, _ in graphs]
    inputs = [F.pad(nodes, (0, more)) for (nodes, _), more in zip(graphs, missing, strict=True)]
    edges = [
        F.pad(labels, (0, more, 0, more)) for (_, labels), more in zip(graphs, missing, strict=True)
    ]
    return torch.stack(inputs), torch.stack(edges)


def batch(
    sizes: Sequence[int] = (5, 1, 7), shape: DataShape = GRAPH, seed: int = 0
) -> tuple[Tensor, Tensor]:
    """Graphs of so many nodes."""
    return padded([graph(size, shape, seed + index) for index, size in enumerate(sizes)])
