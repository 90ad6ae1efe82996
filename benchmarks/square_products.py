"""The machine's float32 peak: operations per second of products of square matrices.

Started by benchmarks.numerics: python -m benchmarks.square_products <threads> <seconds>.
"""

import sys

import torch

from benchmarks.rounds import Rounds

SIDE = 2048


def main(threads: int, seconds: float) -> None:
    """Multiply until there are no more rounds."""
    torch.set_num_threads(threads)
    a, b = torch.randn(2, SIDE, SIDE)
    product = torch.empty(SIDE, SIDE)
    rounds = Rounds({}, seconds)
    while True:
        torch.mm(a, b, out=product)
        rounds.done(2 * SIDE**3)


if __name__ == "__main__":
    main(int(sys.argv[1]), float(sys.argv[2]))
