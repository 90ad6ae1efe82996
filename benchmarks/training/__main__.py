"""Training: target tokens per second, without padding, of our trainer and of three peers.

All train on the same sentences with the same sizes, in float32 with Adam. Batches are each system's
own; its module describes them.
"""

from benchmarks.comparison import compare

PEERS = ["joeynmt", "transformers", "x_transformers"]

if __name__ == "__main__":
    systems = compare(
        "benchmarks.training", PEERS, "target tokens per second", seconds=5.0, rounds=8
    )
    for name, system in systems.items():
        print(f"{name}: {system.facts['parameters']:,} parameters")
