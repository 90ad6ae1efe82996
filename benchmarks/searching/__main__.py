"""Beam search: sentences per second of our search and of two peers', with the same weights.

The test split, the same beam, length penalty and batches. How many translations are the same shows
that the weights are; where they differ, the peer's module says why.
"""

from benchmarks.comparison import compare

PEERS = ["joeynmt", "ctranslate2"]

if __name__ == "__main__":
    systems = compare("benchmarks.searching", PEERS, "sentences per second", seconds=3.0, rounds=4)
    ours = systems["ours"].facts["translations"]
    for peer in PEERS:
        facts = systems[peer].facts
        same = sum(map(list.__eq__, ours, facts["translations"]))
        print(f"{peer}: {same} of {len(ours)} translations are the same")
    error = systems["ctranslate2"].facts["log_prob_error"]
    print(f"ctranslate2: log P of a token of the references differs by at most {error:.1g}")
