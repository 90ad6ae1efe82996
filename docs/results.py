"""Print the test scores of a scale's runs as Markdown, each beside the best trivial baseline.

python -m docs.results                          # all runs of the default scale
python -m docs.results translation_sinusoid     # some of them
python -m docs.results --scale lecture          # those of another scale that have finished
"""

import argparse
from collections.abc import Iterator
from contextlib import chdir

from pipeline import config
from pipeline.reporting.results import by_dataset, by_task, finished, read_results
from pipeline.reporting.scores import Row, Table, as_text, tabulate

HEAD = ("run", "network", "data", "metric", "test", "best baseline")


def rows(scale: str) -> dict[str, tuple[str, ...]]:
    """Return a row of the table for each run of `scale`, a folder; replicates share one."""
    with chdir(scale):
        params, _ = finished(config.load())
        return {
            run.run: _row(dataset, table, run, tabulate([by_name[run.run]]))
            for of_task in by_task(read_results(params)).values()
            for dataset, results in by_dataset(of_task).items()
            for by_name in [{result.name: result for result in results}]
            for table in [tabulate(results)]
            for run in table.runs
        }


def _row(dataset: str, table: Table, run: Row, own: Table) -> tuple[str, ...]:
    """Return the row of `run` in `table`; its metric and baseline are those of its `own` table.

    A network that was pre-trained has other metrics than the classifiers of the table, and
    baselines learn from as many labels as a run.
    """
    metric = own.metrics[0]
    score, _, spread = as_text(metric, run.scores[table.metrics.index(metric)]).partition(" ")
    label, baseline = own.best_baseline
    return (
        f"`{run.run}`",
        run.label,
        f"`{dataset}`",
        f"{metric.label} {'↑' if metric.higher_is_better else '↓'}",
        f"**{score}** {spread}".strip(),
        f"{metric.format(baseline.value)} ({label})",
    )


def _lines(cells: Iterator[tuple[str, ...]]) -> Iterator[str]:
    for line in (HEAD, ("---",) * len(HEAD), *cells):
        yield f"| {' | '.join(line)} |"


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("runs", nargs="*", metavar="RUN")
    parser.add_argument("--scale", default=".", help="its folder (.)")
    chosen = parser.parse_args()
    finished_runs = rows(chosen.scale)
    if unknown := [name for name in chosen.runs if name not in finished_runs]:
        parser.error(f"{', '.join(unknown)}: no finished run; there are {', '.join(finished_runs)}")
    print(*_lines(finished_runs[name] for name in chosen.runs or finished_runs), sep="\n")


if __name__ == "__main__":
    main()
