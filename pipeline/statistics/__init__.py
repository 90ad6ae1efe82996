"""Intervals and tests of scores: the only place that resamples.

Everything starts from sufficient statistics: an array with a row per test record whose sums decide
a score. Nothing here knows a task or reads a file.
"""
