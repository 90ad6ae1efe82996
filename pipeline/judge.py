"""Stage judge: what a scale's measurements say of the lecture's claims and of each pair of runs.

    python -m pipeline judge     # in the folder of a scale

Reads reports/metrics and reports/records alone, which git has. Writes reports/claims.json: each
claim with its verdict and what each of its checks found; reports/comparisons.json: every pair of
runs on a test set; and reports/verdicts.json: how many claims have each verdict.
"""

import argparse

from pipeline.console import exit_on_error
from pipeline.judging.claims import read_claims
from pipeline.judging.comparing import RESAMPLING, compare_all
from pipeline.judging.judgements import Judgements, write_judgements
from pipeline.judging.measured import read_measured
from pipeline.judging.verdicts import judge


def main() -> None:
    """Judge every claim and compare all runs; say how many claims have each verdict."""
    measured = read_measured()
    claims = [judge(claim, measured) for claim in read_claims()]
    judgements = Judgements(resampling=RESAMPLING, claims=claims)
    write_judgements(judgements, compare_all(measured.records))
    found = [f"{count} {name.replace('_', ' ')}" for name, count in judgements.counts.items()]
    print(f"{len(claims)} claims: {', '.join(found)}")


def command() -> None:
    """Run it from the command line."""
    argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    ).parse_args()
    exit_on_error(main)
