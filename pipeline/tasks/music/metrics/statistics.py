"""Sufficient statistics of the metrics of music, all of them means over tokens."""

NATS_PER_TOKEN = ("nats", "tokens")
ACCURACY = ("hits", "tokens")
ONSET_ACCURACY = ("onset_hits", "onsets")
