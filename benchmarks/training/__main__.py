"""Training: target tokens per second, padding not counted, of our trainer and of three peers'.

The same sentences and sizes, float32, Adam, and each system's own batches: its module says which.
"""

from benchmarks.comparison import compare

PEERS = ["joeynmt", "transformers", "x_transformers"]

if __name__ == "__main__":
    systems = compare(
        "benchmarks.training", PEERS, "target tokens per second", seconds=5.0, rounds=8
    )
    for name, system in systems.items():
        print(f"{name}: {system.facts['parameters']:,} parameters")
