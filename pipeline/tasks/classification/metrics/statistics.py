"""Sufficient statistics of the metrics of classification, and of pre-training."""

from typing import NamedTuple

from pipeline.tasks.classification.settings import Target

CORRECT = ("correct", "passages")
NATS = ("nats", "passages")  # -ln p of the class
# Correct shares of baselines, means over draws of labels.
FREQUENT = ("frequent_correct", "passages")
KEYWORD = ("keyword_correct", "passages")
BAYES = ("bayes_correct", "passages")


class OfPieces(NamedTuple):
    """A sum over the predicted pieces of a passage, how many these are, and the baseline's mean."""

    name: str
    of: str
    baseline: str


OF_PIECES = {  # -ln p of the piece, and whether it is the likeliest
    Target.NEXT_PIECE: (
        OfPieces("piece_nats", "pieces", "piece_frequency_nats"),
        OfPieces("piece_correct", "pieces", "piece_frequency_accuracy"),
    ),
    Target.MASKED_PIECES: (
        OfPieces("masked_nats", "masked_pieces", "masked_frequency_nats"),
        OfPieces("masked_correct", "masked_pieces", "masked_frequency_accuracy"),
    ),
}
