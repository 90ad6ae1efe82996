"""Print how many claims of the lecture have each verdict, and which, as Markdown.

    python -m pipeline claims     # in lecture/; docs/claims.md has what it prints there

Reads reports/claims.json.
"""

from pipeline.judging.judgements import Verdict, read_judgements


def main() -> None:
    """Print a sentence, and a row of a table for each verdict that some claim has."""
    claims = read_judgements().claims
    named = {
        verdict: [f"`{claim.id}`" for claim in claims if claim.verdict is verdict]
        for verdict in Verdict
    }
    counts = ", ".join(f"{len(names)} {verdict}" for verdict, names in named.items() if names)
    print(f"Of {len(claims)} claims of the lecture: {counts}.\n")
    print("| verdict | claims |\n|---|---|")
    for verdict, names in named.items():
        if names:
            print(f"| {verdict} | {', '.join(names)} |")
