"""Print the scores of all runs and baselines, by task."""

import pandas as pd

from pipeline import config
from pipeline.reporting.results import (
    PAGE,
    by_dataset,
    by_task,
    by_test,
    finished,
    read_results,
)
from pipeline.reporting.scores import Table, as_text, tabulate


def main() -> None:
    """Print one table per task, data set and test set, then the address of the report."""
    print(
        "↑ higher is better, ↓ lower is better; in brackets 95 % bootstrap intervals, "
        "after ± standard deviations over seeds\n"
    )
    params, waiting = finished(config.load())
    for task, of_task in by_task(read_results(params)).items():
        for dataset, on_dataset in by_dataset(of_task).items():
            for split, results in by_test(on_dataset).items():
                table = tabulate(results)
                print(f"{task} on {dataset}, {split}: {table.record_count:,} {table.records}")
                print(as_frame(table).to_string(), end="\n\n")
    if waiting:
        print(f"not run: {', '.join(waiting)}")
    if PAGE.exists():
        print(f"report: {PAGE.resolve().as_uri()}")
    else:
        print(f"report: {PAGE} is not written yet; run `dvc repro report`")


def as_frame(table: Table) -> pd.DataFrame:
    """Format the table: a row per run or baseline, a column per metric."""
    columns = {
        f"{metric.label} {'↑' if metric.higher_is_better else '↓'}": [
            as_text(metric, row.scores[index]) for row in table.rows
        ]
        for index, metric in enumerate(table.metrics)
    }
    parameters = [f"{row.parameters:,}" if row.parameters else "" for row in table.rows]
    names = [f"{row.label} ({row.run})" if row.run else f"  {row.label}" for row in table.rows]
    return pd.DataFrame({**columns, "parameters": parameters}, index=names)
