"""The sufficient statistics of the metrics of music: each is a mean over tokens."""

NATS_PER_TOKEN = ("nats", "tokens")
ACCURACY = ("hits", "tokens")
ONSET_ACCURACY = ("onset_hits", "onsets")
