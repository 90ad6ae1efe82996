"""Beam search: sentences per second of our search and of two peers, with the same weights.

All translate the test split with the same beam, length penalty and batch size. The number of equal
translations shows that the weights are the same; a peer's module says why some differ.
"""

from benchmarks.comparison import compare
from models.settings import Numerics

PEERS = ["joeynmt", "ctranslate2"]

if __name__ == "__main__":
    systems = compare("benchmarks.searching", PEERS, "sentences per second", seconds=3.0, rounds=4)
    ours = systems[Numerics.NATIVE].facts["translations"]
    for peer in PEERS:
        facts = systems[peer].facts
        same = sum(map(list.__eq__, ours, facts["translations"]))
        print(f"{peer}: {same} of {len(ours)} translations are the same")
    error = systems["ctranslate2"].facts["log_prob_error"]
    print(f"ctranslate2: log P of a token of the references differs by at most {error:.1g}")
