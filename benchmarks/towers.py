"""The cost of message passing in towers (Gilmer et al. 2017, section 5.3).

    python -m benchmarks.towers

A prediction of a gated graph neural network with eight towers over that of one with whole states,
for graphs as large as in the paper: counted floating-point operations, and processor time of one
thread, which other work on the machine disturbs least. The networks alternate, with native
numerics.
"""

import argparse
import time
from statistics import median

import torch
from torch import Tensor

from benchmarks.counting import FloatingPointOperations
from benchmarks.rows import machine, record
from models.build import build
from models.settings import DataShape, GatedSum, GgnnSettings, GraphLayout, NoPositions
from models.shared.base import Model

NODES, WIDTH, TOWERS = 9, 200, 8  # n, d and k of the paper
GRAPHS, STEPS = 20, 8  # its batch, and the most of its steps: messages count, not the readout
SHAPE = DataShape(inputs=6, outputs=1, layout=GraphLayout(labels=15))  # 14 labels and padding
ROUNDS = 200


def network(towers: int) -> Model:
    """A network with random weights."""
    torch.manual_seed(0)
    settings = GgnnSettings(
        architecture="ggnn",
        num_steps=STEPS,
        d_model=WIDTH,
        towers=towers,
        readout=GatedSum(kind="gated_sum"),
        positions=NoPositions(kind="none"),
        dropout=0.0,
    )
    return build(settings, SHAPE).eval()


def graphs() -> tuple[Tensor, Tensor]:
    """Complete graphs with random nodes (graph, node) and labels (graph, node, node)."""
    random = torch.Generator().manual_seed(0)
    nodes = torch.randint(1, SHAPE.inputs, (GRAPHS, NODES), generator=random)
    edges = (GRAPHS, NODES, NODES)
    return nodes, torch.randint(1, SHAPE.layout.labels, edges, generator=random)


@torch.no_grad()
def operations(model: Model) -> int:
    """Multiplications and additions of all products of a prediction."""
    with FloatingPointOperations() as counter:
        model.head.location(model(*graphs()))
    return counter.total


@torch.no_grad()
def seconds(models: list[Model], rounds: int) -> list[float]:
    """Median seconds of the processor of a prediction, each model once in every round."""
    torch.set_num_threads(1)
    batch = graphs()
    taken: list[list[float]] = [[] for _ in models]
    for _ in range(1 + rounds):  # the first warms up
        for model, of_model in zip(models, taken, strict=True):
            start = time.process_time()
            model.head.location(model(*batch))
            of_model.append(time.process_time() - start)
    return [median(of_model[1:]) for of_model in taken]


def main() -> None:
    """Read the command line, measure, and record the rows."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="timed predictions of each")
    rounds = parser.parse_args().rounds
    models = [network(TOWERS), network(1)]
    costs = {
        "FLOPs": [float(operations(model)) for model in models],
        "seconds": seconds(models, rounds),
    }
    for measure, (towers, whole) in costs.items():
        print(f"{measure}: {towers:.4g} with {TOWERS} towers, {whole:.4g} with whole states")
    record([row(measure, towers / whole) for measure, (towers, whole) in costs.items()])


def row(measure: str, share: float) -> dict:
    """The row of reports/benchmarks.json: a cost with towers over that with whole states."""
    return {
        "what": f"costs: message passing, {TOWERS} towers, share of {measure}",
        "ours": share,
        "peer": None,
        "ratio": None,
        "unit": "share of the cost without towers",
        "machine": f"{machine()}, 1 thread",
        "command": "python -m benchmarks.towers",
        "point": {"n": NODES, "d": WIDTH, "towers": TOWERS, "measure": measure},
    }


if __name__ == "__main__":
    main()
