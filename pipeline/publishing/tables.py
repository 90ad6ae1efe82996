"""All tables of the page as rows of CSV files."""

import csv
import io
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from pipeline.config import Params
from pipeline.files import read_json
from pipeline.judging.judgements import NumbersResult
from pipeline.publishing.publication import Rows, publication_of
from pipeline.reporting.benchmarks import FILE as BENCHMARKS
from pipeline.reporting.faults import read_faults
from pipeline.reporting.flatten import leaves
from pipeline.reporting.judged import (
    Checked,
    Compared,
    read_compared_pairs,
    read_judged_claims,
)
from pipeline.reporting.machines import read_machines
from pipeline.reporting.published import cited, read_published
from pipeline.reporting.results import Result, by_dataset, by_task, by_test, read_data_facts
from pipeline.reporting.scores import Row, Table, tabulate
from pipeline.reporting.section import read_demonstration
from pipeline.tasks import specs


def tables(params: Params, results: Sequence[Result]) -> dict[str, Rows]:
    """Return the rows of each table by name, with unrounded numbers; DataError as the page."""
    test_sets = list(_test_sets(results))
    by_name = {
        "summary": _summary(params, test_sets),
        "scores": _scores(test_sets),
        "comparisons": _comparisons(test_sets),
        "claims": _claims(results),
        "published": _published(),
        "measures": _measures(results),
        "demonstrations": _demonstrations(params, results),
        "benchmarks": _benchmarks(),
        "faults": _faults(),
        "machines": [asdict(machine) for machine in read_machines()],
        "data": _data(params),
        "settings": _settings(params),
    }
    for task, of_task in by_task(results).items():
        by_name |= publication_of(task).tables(of_task)
    return {name: rows for name, rows in by_name.items() if rows}


def to_csv(rows: Sequence[Mapping[str, Any]]) -> bytes:
    """Format `rows` as CSV, a column per key of any row; missing keys and None are empty."""
    columns = dict.fromkeys(key for row in rows for key in row)
    text = io.StringIO()
    writer = csv.DictWriter(text, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


TestSet = tuple[dict[str, str], Table, Sequence[Result]]  # key columns, scores, runs


def _test_sets(results: Sequence[Result]) -> Iterator[TestSet]:
    for task, of_task in by_task(results).items():
        for dataset, on_dataset in by_dataset(of_task).items():
            for split, on in by_test(on_dataset).items():
                where = {"task": task, "dataset": dataset, "test_set": split}
                yield where, tabulate(on), on


def _summary(params: Params, test_sets: Sequence[TestSet]) -> Rows:
    rows = []
    for where, table, _ in test_sets:
        baseline, best = table.best_baseline or (None, None)
        for row in table.runs:
            rows.append(
                where
                | _score(table, row, 0)
                | {
                    "best_baseline": baseline,
                    "best_baseline_value": best.value if best else None,
                    "parameters": row.parameters,
                    "updates": params.runs[row.run].training.steps,
                }
            )
    return rows


def _scores(test_sets: Sequence[TestSet]) -> Rows:
    """Return a row per run or baseline and metric."""
    rows = []
    for where, table, results in test_sets:
        signatures = {
            (result.name, metric.key): result.metrics["test"].get(f"{metric.key}_signature")
            for result in results
            for metric in table.metrics
        }
        for row in table.rows:
            for index, metric in enumerate(table.metrics):
                if row.scores[index]:
                    rows.append(
                        where
                        | _score(table, row, index)
                        | {
                            "records": table.record_count,
                            "signature": signatures.get((row.run, metric.key)),
                        }
                    )
    return rows


def _score(table: Table, row: Row, index: int) -> dict[str, Any]:
    """Return one score of a row, with its interval or spread; `run` is empty for a baseline."""
    metric, score = table.metrics[index], row.scores[index]
    return {
        "run": row.run,
        "title": row.label,
        "metric": metric.key,
        "better": "higher" if metric.higher_is_better else "lower",
        "value": score.value,
        "low": score.low,
        "high": score.high,
        "spread": score.spread,
        "seeds": score.seeds,
    }


def _comparisons(test_sets: Sequence[TestSet]) -> Rows:
    return [
        where | _compared(pair) for where, _, on in test_sets for pair in read_compared_pairs(on)
    ]


def _compared(pair: Compared) -> dict[str, Any]:
    return {
        "metric": pair.metric.key,
        "better_run": pair.first.run,
        "better_score": pair.first.score,
        "better_seeds": pair.first.seeds,
        "worse_run": pair.second.run,
        "worse_score": pair.second.score,
        "worse_seeds": pair.second.seeds,
        "difference": pair.difference,
        "low": pair.low,
        "high": pair.high,
        "p_value": pair.p_value,
        "records": pair.records,
        "clusters": pair.clusters,
        "signature": pair.signature,
    }


def _claims(results: Sequence[Result]) -> Rows:
    """Return a row per check of a claim, and one row per claim that is not judged."""
    published, rows = read_published(), []
    for judged in read_judged_claims(results):
        claim = judged.claim
        what = {
            "id": claim.id,
            "claim": claim.claim,
            "published": claim.published,
            "source": f"{published.authors_of(claim)}, {cited(claim.arxiv)}, {claim.where}",
            "verdict": claim.verdict.value,
            "one_seed": claim.one_seed,
            "missing": " ".join(claim.missing),
        }
        checked = [_tested(check) for check in judged.checks]
        checked += [_compared_numbers(check) for check in claim.numbers]
        rows += [what | check for check in checked] or [what]
    return rows


def _tested(check: Checked) -> dict[str, Any]:
    """Return a check of two runs, the one that is claimed to be better first."""
    compared, result = check.compared, check.result
    return _compared(compared) | {
        "worse_metric": compared.second.metric.key,
        "margin": result.margin,
        "published_difference": result.published,
        "p_value": result.p_value,
        "p_contrary": result.p_contrary,
        "smallest_effect": result.smallest_effect,
        "trend": " ".join(f"{each.steps}:{each.difference}" for each in result.trend),
        "outcome": result.outcome.value,
    }


def _compared_numbers(check: NumbersResult) -> dict[str, Any]:
    return {
        "measurement": check.what,
        "first": check.first,
        "relation": check.relation,
        "second": check.second,
        "outcome": check.outcome.value,
    }


def _published() -> Rows:
    published = read_published()
    return [
        {"task": task, **number.model_dump(), "authors": published.authors_of(number)}
        for task in specs()
        for number in published.of_task(task)
    ]


def _measures(results: Sequence[Result]) -> Rows:
    """Return all metrics of each run by dotted path."""
    return [
        {"run": result.name, "measure": path, "value": _as_json(value)}
        for result in results
        for path, value in leaves(result.metrics)
        if not _is_table(value)
    ]


def _is_table(value: Any) -> bool:
    """Whether `value` is a list of rows, which is a separate table."""
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def _demonstrations(params: Params, results: Sequence[Result]) -> Rows:
    """Return a row per figure and per number of a table."""
    rows: Rows = []
    for name, settings in params.demonstrations.items():
        shown = read_demonstration(name, settings, results)
        rows += [
            {"demonstration": name, "figure": figure, "psnr": picture.psnr}
            for figure, picture in shown.pictures.items()
        ]
        rows += [
            {"demonstration": name, "measure": path, "value": value}
            for path, value in leaves(shown.tables)
        ]
    return rows


def _benchmarks() -> Rows:
    """Return all benchmark rows, with the keys of `point` as columns."""
    return [
        {key: value for key, value in row.items() if key != "point"} | row.get("point", {})
        for row in read_json(BENCHMARKS)
    ]


def _faults() -> Rows:
    """Return a row per recorded number, and one per curve."""
    return [
        {"fault": fault.what, "command": fault.command, "measure": path, "value": _as_json(value)}
        for fault in read_faults()
        for path, value in leaves(fault.numbers)
    ]


def _data(params: Params) -> Rows:
    """Return the facts of each data set that a run uses."""
    return [
        {"dataset": name, "fact": path, "value": _as_json(value)}
        for name in dict.fromkeys(run.dataset for run in params.runs.values())
        for path, value in leaves(read_data_facts(name))
    ]


def _settings(params: Params) -> Rows:
    return [
        {"run": name, "setting": path, "value": _as_json(value)}
        for name, run in params.runs.items()
        for path, value in leaves(run.model_dump(mode="json"))
    ]


def _as_json(value: Any) -> str:
    """Return strings unchanged, other values as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
