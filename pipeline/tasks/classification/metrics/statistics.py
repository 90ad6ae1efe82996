"""Sufficient statistics of the metrics of classification."""

CORRECT = ("correct", "passages")
NATS = ("nats", "passages")  # -ln p of the class
# Correct shares of baselines, means over draws of labels.
FREQUENT = ("frequent_correct", "passages")
KEYWORD = ("keyword_correct", "passages")
BAYES = ("bayes_correct", "passages")
