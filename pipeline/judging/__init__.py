"""Judge the lecture's claims by the measurements of a scale.

Reads only metrics and records, which are in git: no samples, weights or parameters.
"""
