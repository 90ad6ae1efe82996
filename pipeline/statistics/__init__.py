"""Intervals and tests of scores: the only place that resamples.

The input is sufficient statistics: an array with a row per test record, whose sums determine a
score. Independent of tasks and files.
"""
