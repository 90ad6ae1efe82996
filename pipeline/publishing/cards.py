"""Model card of a run in the format of the Hugging Face hub: YAML, then Markdown."""

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from huggingface_hub import EvalResult, ModelCardData
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from pipeline.publishing.markdown import code, table
from pipeline.publishing.publication import publication_of
from pipeline.reporting.flatten import flatten
from pipeline.reporting.results import Result
from pipeline.reporting.scores import Table, as_text, tabulate
from pipeline.settings.sources import HubSource
from pipeline.tasks import specs

_CODE = Path(__file__).parents[2]  # parent folder of the scales
# The hub's identifiers of the licences of our data sets; others become "other".
_LICENCES = {
    "apache-2.0",
    "mit",
    "bsd-3-clause",
    "cc0-1.0",
    "cc-by-2.0",
    "cc-by-4.0",
    "cc-by-sa-4.0",
    "cc-by-nc-4.0",
    "cc-by-nc-sa-4.0",
    "cc-by-nc-nd-4.0",
}


def card(result: Result, facts: dict[str, Any], weights: bool) -> str:
    """Render the card of a run on data with `facts` from the encode stage.

    `weights`: whether they are in the folder of the card. Raises DataError if a score is missing.
    """
    tests = [(on.split, tabulate([on])) for on in result.tests]
    first = tests[0][1]
    return (
        _environment()
        .get_template("card.md")
        .render(
            front_matter=_front_matter(result, tests).to_yaml(),
            result=result,
            facts=facts,
            source=result.dataset.source,
            weights=weights,
            noun=specs()[result.run.task].noun,
            splits=_splits(facts["splits"]),
            settings=table(
                ["setting", "value"],
                [
                    [code(path), code(value)]
                    for path, value in flatten(result.run.model_dump(mode="json"))
                ],
            ),
            scores=[(split, scores, _score_table(scores)) for split, scores in tests],
            signatures=list(_signatures(result)),
            metric=first.metrics[0],
            score=as_text(first.metrics[0], first.runs[0].scores[0]),
            baseline=first.best_baseline,
            surely_better=_surely_better(first),
            scale=os.path.relpath(Path.cwd(), _CODE),
            command=publication_of(result.run.task).command(result),
        )
    )


def _environment() -> Environment:
    environment = Environment(  # noqa: S701 (Markdown: `code` makes each text from data a code span)
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["code"] = code
    return environment


def _front_matter(result: Result, tests: list[tuple[str, Table]]) -> ModelCardData:
    source = result.dataset.source
    return ModelCardData(
        **_licence(source.licence),
        language=publication_of(result.run.task).languages(result.dataset),
        datasets=[source.id] if isinstance(source, HubSource) else None,
        metrics=[metric.key for metric in tests[0][1].metrics],
        tags=[result.run.task, result.run.model.architecture],
        model_name=result.name,
        eval_results=[
            EvalResult(
                task_type=result.run.task,
                dataset_type=result.run.dataset,
                dataset_name=" ".join(source.origin.split()),
                dataset_split=split,
                metric_type=metric.key,
                metric_name=metric.label,
                metric_value=score.value,
            )
            for split, scores in tests
            for metric, score in zip(scores.metrics, scores.runs[0].scores, strict=True)
            if score
        ],
    )


def _licence(licence: str) -> dict[str, str]:
    identifier = re.sub(r"[^a-z0-9.]+", "-", licence.casefold()).strip("-")
    if identifier in _LICENCES:
        return {"license": identifier}
    return {"license": "other", "license_name": identifier}


def _splits(splits: dict[str, dict[str, Any]]) -> str:
    """Format a table of the counts of each split, training first."""
    counted = sorted(
        {key for split in splits.values() for key, count in split.items() if _is_number(count)}
    )
    names = [name for name in ("train", "validation") if name in splits]
    names += sorted(splits.keys() - set(names))
    rows = [
        [code(name), *(f"{splits[name][key]:,}" if key in splits[name] else "–" for key in counted)]
        for name in names
    ]
    return table(["split", *map(code, counted)], rows)


def _is_number(count: Any) -> bool:
    return isinstance(count, int | float)


def _score_table(scores: Table) -> str:
    arrows = {True: "↑", False: "↓"}
    header = [
        "",
        *(f"{metric.label} {arrows[metric.higher_is_better]}" for metric in scores.metrics),
    ]
    rows = [
        [
            code(row.label) if row.run else row.label,
            *(as_text(*pair) for pair in zip(scores.metrics, row.scores, strict=True)),
        ]
        for row in scores.rows
    ]
    return table(header, rows)


def _surely_better(scores: Table) -> bool | None:
    """Whether the interval of the first metric is beyond the best baseline; None if unknown."""
    score, best = scores.runs[0].scores[0], scores.best_baseline
    if best is None or score.low is None:
        return None
    _, baseline = best
    if scores.metrics[0].higher_is_better:
        return score.low > baseline.value
    return score.high < baseline.value


def _signatures(result: Result) -> Iterator[str]:
    for on in result.tests:
        for key, value in sorted(on.metrics["test"].items()):
            if key.endswith("_signature"):
                yield f"{key.removesuffix('_signature')} on {on.split}: {value}"
