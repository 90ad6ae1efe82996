"""Stage judge: judge the lecture's claims and compare each pair of runs of a scale.

    python -m pipeline judge     # in the folder of a scale

Reads only reports/measurements and reports/records, which are in git. Writes reports/claims.json:
each claim with its verdict and the results of its checks; reports/comparisons.json: each pair of
runs on a test set; and reports/verdicts.json: the number of claims by verdict.
"""

from pipeline.judging.claims import read_claims
from pipeline.judging.comparing import RESAMPLING, compare_all
from pipeline.judging.judgements import Judgements, write_judgements
from pipeline.judging.measured import read_measured
from pipeline.judging.verdicts import judge
from pipeline.statistics.difference import SIGNIFICANCE


def main() -> None:
    """Judge all claims, compare all runs, and print the number of claims by verdict."""
    measured = read_measured()
    claims = [judge(claim, measured) for claim in read_claims()]
    judgements = Judgements(resampling=RESAMPLING, significance=SIGNIFICANCE, claims=claims)
    write_judgements(judgements, compare_all(measured.records))
    counts = [f"{count} {name.replace('_', ' ')}" for name, count in judgements.counts.items()]
    print(f"{len(claims)} claims: {', '.join(counts)}")
