"""Self-attention is message passing on a complete graph: the same numbers, and any order of nodes.

    python -m benchmarks.messages

A layer of attention with labelled edges is compared with a loop that sends a message from each node
to each other one (Gilmer et al. 2017, section 2); and the predictions of networks of graphs with
those for the same graphs with their nodes permuted. In double precision, with random weights.
"""

import math

import torch
from torch import Tensor

from benchmarks.rows import machine, record
from models.build import build
from models.settings import DataShape, GgnnSettings, GraphLayout, ModelSettings, TransformerSettings
from models.transformer.multi_head import SelfAttention

NODES, LABELS, GRAPHS = 23, 16, 8
SHAPE = DataShape(inputs=6, outputs=1, layout=GraphLayout(labels=LABELS))
ATTENTION = TransformerSettings.model_validate_json(
    """{
    "architecture": "transformer", "structure": "encoder", "num_layers": 4, "d_model": 128,
    "num_heads": 8, "d_ff": 512, "norm": "pre", "residuals": "sum", "embeddings": "separate",
    "positions": {"kind": "labelled_edges"}, "positions_at": "input",
    "attention": {"kind": "full", "backend": "dense"}, "output": {"kind": "laplace"},
    "super_resolution": null, "dropout": 0.0, "embedding_dropout": 0.0, "attention_dropout": 0.0,
    "relu_dropout": 0.0
    }"""
)
GGNN = GgnnSettings.model_validate_json(
    """{
    "architecture": "ggnn", "num_steps": 4, "d_model": 64, "towers": 8,
    "readout": {"kind": "gated_sum"}, "positions": {"kind": "none"}, "dropout": 0.0
    }"""
)


def messages(layer: SelfAttention, states: Tensor, labels: Tensor) -> Tensor:
    """Return the new state (node, d_model) of each node: the sum of the messages that it gets.

    The message from w to v is alpha_vw (W_V h_w + a^V_label(v, w)) of each head, from states
    (node, d_model) and labels (node, node); W_O joins the heads.
    """
    heads, (query, key, value) = layer.num_heads, layer.in_proj(states).chunk(3, dim=-1)
    query, key, value = (each.unflatten(-1, (heads, -1)) for each in (query, key, value))
    a_key, a_value = layer.positions.key_vectors, layer.positions.value_vectors
    scale, every = query.shape[-1] ** -0.5, range(heads)
    new = []
    for v in range(len(states)):
        sums = []
        for head in every:
            scores = [
                scale * query[v, head] @ (key[w, head] + a_key[head, labels[v, w]])
                for w in range(len(states))
            ]
            total = sum(math.exp(score) for score in scores)
            weights = [math.exp(score) / total for score in scores]
            sent = [
                weights[w] * (value[w, head] + a_value[head, labels[v, w]])
                for w in range(len(states))
            ]
            sums.append(sum(sent))
        new.append(torch.cat(sums))
    return layer.out_proj(torch.stack(new))


@torch.no_grad()
def against_a_loop() -> float:
    """Return the largest difference of a layer to the loop over messages."""
    torch.manual_seed(1)
    layer = build(ATTENTION, SHAPE).double().layers[0].attention
    states = torch.randn(NODES, ATTENTION.d_model, dtype=torch.double)
    labels = torch.randint(1, LABELS, (NODES, NODES))
    everyone = torch.ones(1, 1, 1, NODES, dtype=torch.bool)
    attended = layer(states[None], everyone, labels[None])[0]
    return float((attended - messages(layer, states, labels)).abs().max())


@torch.no_grad()
def permuted(settings: ModelSettings) -> float:
    """Return the largest difference of a prediction when the nodes are permuted."""
    torch.manual_seed(1)
    model = build(settings, SHAPE).double().eval()
    nodes = torch.randint(1, SHAPE.inputs, (GRAPHS, NODES))
    labels = torch.randint(1, LABELS, (GRAPHS, NODES, NODES))
    order = torch.randperm(NODES)
    first = model.head.location(model(nodes, labels))
    second = model.head.location(model(nodes[:, order], labels[:, order][:, :, order]))
    return float((first - second).abs().max())


def main() -> None:
    """Measure and record."""
    rows = {
        "attention against a loop over messages": against_a_loop(),
        "permuted nodes": max(permuted(ATTENTION), permuted(GGNN)),
    }
    record(
        [
            {
                "what": f"messages: {what}, largest difference",
                "ours": difference,
                "peer": None,
                "ratio": None,
                "unit": "of a state or a prediction",
                "machine": machine(),
                "command": "python -m benchmarks.messages",
            }
            for what, difference in rows.items()
        ]
    )


if __name__ == "__main__":
    main()
