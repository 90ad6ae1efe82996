"""Sufficient statistics of the metrics of molecules."""

ABSOLUTE_ERROR = ("absolute_error", "molecules")  # kcal/mol
ACCURATE = ("accurate", "molecules")  # within chemical accuracy
MEAN = ("mean_error", "molecules")  # of the mean energy of training
LINEAR = ("linear_error", "molecules")  # of a sum over the elements
# Attention of a head on the pairs with a label, and the share of these pairs, summed over atoms.
ON_RELATION = ("on_relation", "queries")
RELATION_PAIRS = ("relation_pairs", "queries")
