"""Render all results of a scale as one self-contained HTML page."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import ChoiceLoader, Environment, FileSystemLoader, PrefixLoader, StrictUndefined
from markupsafe import Markup

from pipeline import block_measures
from pipeline.config import Params, Report
from pipeline.errors import DataError
from pipeline.judging.judgements import Verdict, read_judgements
from pipeline.measures import Metric
from pipeline.reporting.benchmarks import read_benchmarks
from pipeline.reporting.blocks import Blocks, read_blocks
from pipeline.reporting.costs import read_costs
from pipeline.reporting.demonstrations import Demonstration
from pipeline.reporting.failures import failure_of_training
from pipeline.reporting.families import Family, by_objective, families
from pipeline.reporting.faults import read_faults
from pipeline.reporting.figures import Chart, Strip, chart, four_digits, loss_limits, strips
from pipeline.reporting.flatten import flatten
from pipeline.reporting.inline import STYLE, content_hash
from pipeline.reporting.judged import Compared, JudgedClaim, read_compared_pairs, read_judged_claims
from pipeline.reporting.machines import read_machines
from pipeline.reporting.origins import read_origins
from pipeline.reporting.published import address_of, cited, read_published
from pipeline.reporting.rates import Trial, best, read_rates
from pipeline.reporting.results import (
    Result,
    by_dataset,
    by_task,
    by_test,
    finished,
    first_seeds,
    read_curve,
    read_data_facts,
    read_results,
)
from pipeline.reporting.scores import Table, tabulate
from pipeline.reporting.section import (
    BLOCKS,
    RECURRENCE,
    RELATIVE,
    Chapter,
    FamilyFigures,
    Loss,
    TaskPage,
    page_of,
    read_demonstration,
)
from pipeline.tasks import part, specs
from pipeline.tasks.base import TaskSpec

MAX_BYTES = 15_000_000
_TEMPLATES = Path(__file__).with_name("templates")
_PINNED = ("package", "url", "urls")  # sources of the scales whose data no paper has
_APPENDIX = [  # (anchor, title, template)
    ("summary", "Which runs are there, and how well did each do?", "runs.html"),
    ("method", "How was it made, and how is it made again?", "method.html"),
    ("settings", "Settings and data", "settings.html"),
    ("speed", "How fast is it?", "speed.html"),
    ("sources", "Papers", "sources.html"),
    ("faults", "Robustness tests", "faults.html"),
]
_SHOWN_ELSEWHERE = {"dataset", "task", "kind", "origin", "licence", "files", "splits", "dropped"}


@dataclass(frozen=True)
class TestSet:
    """Scores of the runs on one test set of a data set."""

    split: str
    table: Table
    strips: list[Strip | None]
    comparisons: list[Compared]


@dataclass(frozen=True)
class Figures:
    """Learning curves of a family of runs, and the task's additional figures."""

    family: Family
    train: Chart
    validation: Chart | None
    clipped: bool  # whether losses exceed the charts
    failures: list[str]  # of trainings that went wrong
    extra: FamilyFigures


@dataclass(frozen=True)
class Group:
    """Comparable runs: of one task on one data set."""

    dataset: str
    tests: list[TestSet]  # "test" first
    figures: list[Figures]  # by family

    @property
    def notes(self) -> list[str]:
        """Explanations of the additional charts."""
        return _distinct(figures.extra.note for figures in self.figures)

    @property
    def failures(self) -> list[str]:
        """Sentences on trainings that went wrong, one a run: families share the first run."""
        return _distinct(failure for figures in self.figures for failure in figures.failures)


@dataclass(frozen=True)
class Highlight:
    """What a task shows on the first screen."""

    spec: TaskSpec
    content: Any  # of its highlight.html


@dataclass(frozen=True)
class Section:
    """Section of a task: what its networks generate, then scores and curves by data set."""

    spec: TaskSpec
    results: list[Result]
    groups: list[Group]
    shown: Any  # what they generate, of the task's section.html
    loss: Loss
    metrics: Sequence[Metric]

    def signatures(self, metric: str) -> list[str]:
        """Return the distinct signatures of `metric`."""
        tests = [result.metrics["test"] for result in self.results]
        return _distinct(str(test.get(f"{metric}_signature", "")) for test in tests)


def takes_rate(params: Params, name: str, grid: list[Trial]) -> bool:
    """Whether the run `name` of a scale has the rate that its grid chooses."""
    chosen = best(grid)
    run = params.runs.get(name)
    return bool(chosen and run) and run.training.learning_rate == chosen.learning_rate


def _distinct(texts: Iterable[str]) -> list[str]:
    """Return the distinct non-empty `texts`, in order."""
    return [text for text in dict.fromkeys(texts) if text]


def render(params: Params) -> str:
    """Render the page of the evaluated runs of `params`; equal inputs give equal text.

    Raises DataError, naming the file, if results are damaged or incomplete, or if the page exceeds
    MAX_BYTES.
    """
    grids = [
        (name, params.runs[name].title, grid)
        for name, grid in read_rates().items()
        if takes_rate(params, name, grid)
    ]
    params, waiting = finished(params)
    results = read_results(params)
    sections = [
        _section(task, of_task, params.report) for task, of_task in by_task(results).items()
    ]
    published = read_published()
    costs = read_costs(published)
    claims = read_judged_claims(results)
    faults = read_faults()
    style = STYLE.read_text(encoding="utf-8")
    script = _script()
    page = (
        _environment(results)
        .get_template("page.html")
        .render(
            params=params,
            waiting=waiting,
            archived=[result for result in results if result.archived],
            elsewhere=[result for result in results if not result.is_here and not result.archived],
            without_curve=[result for result in results if not result.has_curve],
            published=published,
            sections=sections,
            highlights=list(filter(None, map(_highlight, sections))),
            chapters=_chapters(
                sections,
                [
                    read_demonstration(name, settings, results)
                    for name, settings in params.demonstrations.items()
                ],
                read_blocks(results, published),
            ),
            data={name: _data_view(name) for name in by_dataset(results)},
            benchmarks=read_benchmarks(),
            faults=faults,
            appendix=_APPENDIX if faults else _APPENDIX[:-1],
            machines=read_machines(),
            grids=grids,
            best=best,
            costs=costs,
            claims=claims,
            judged=[each for each in claims if each.claim.verdict is not Verdict.NOT_RUN],
            verdicts=_count_verdicts(claims),
            unjudged=[each for each in claims if each.claim.verdict is Verdict.NOT_RUN],
            significance=read_judgements().significance,
            embedded=all(
                params.datasets[run.dataset].source.kind in _PINNED for run in params.runs.values()
            ),
            style=Markup(style),  # noqa: S704 (our own file)
            script=Markup(script),  # noqa: S704 (our own file)
            style_hash=content_hash(style),
            script_hash=content_hash(script),
        )
    )
    size = len(page.encode())
    if size > MAX_BYTES:
        raise DataError(
            f"reports/index.html: the page has {size:,} bytes, more than {MAX_BYTES:,}; "
            "lower report.table_rows, or the number of samples (runs.<run>.decoding)"
        )
    return page


def _count_verdicts(claims: Sequence[JudgedClaim]) -> dict[Verdict, int]:
    """Count the claims that were judged by verdict, first those that were reproduced."""
    counts = Counter(each.claim.verdict for each in claims)
    reached = [verdict for verdict in Verdict if verdict is not Verdict.NOT_RUN]
    return {verdict: counts[verdict] for verdict in reached if counts[verdict]}


def _highlight(section: Section) -> Highlight | None:
    content = page_of(section.spec.name).highlight(section.shown)
    return None if content is None else Highlight(section.spec, content)


def _chapters(
    sections: Sequence[Section], demonstrations: Sequence[Demonstration], blocks: Blocks | None
) -> list[Chapter]:
    """Return the chapters of the page in the order of the story."""
    chapters = [
        Chapter(RECURRENCE, "costs", "Why not recurrence?", "recurrence.html"),
        Chapter(RELATIVE, "relative", "Relative attention", "relative.html"),
    ]
    for section in sections:
        spec = section.spec
        chapters.append(Chapter(spec.order, spec.name, spec.title, "task.html", section))
        chapters.extend(page_of(spec.name).chapters(section.shown))
    for demonstration in demonstrations:
        template = f"{demonstration.settings.task}/demonstrations.html"
        chapters.append(
            Chapter(
                demonstration.order,
                demonstration.anchor,
                demonstration.title,
                template,
                demonstration,
            )
        )
    if blocks:
        chapters.append(Chapter(BLOCKS, "blocks", "Less auto-regressive", "blocks.html", blocks))
    return sorted(chapters, key=lambda chapter: chapter.order)


def _environment(results: Sequence[Result]) -> Environment:
    """Load the templates of the page, and those of each task as `<task>/<name>`."""
    of_tasks = {task: FileSystemLoader(page_of(task).templates) for task in specs()}
    environment = Environment(
        loader=ChoiceLoader([FileSystemLoader(_TEMPLATES), PrefixLoader(of_tasks)]),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["flatten"] = flatten
    environment.filters["slug"] = _slug
    environment.filters["minus"] = _with_minus
    environment.filters["four_digits"] = four_digits
    environment.filters["address"] = address_of
    environment.filters["cited"] = cited
    environment.globals["origins"] = read_origins(results)
    return environment


def _slug(text: str) -> str:
    """Return `text` as a part of an HTML id."""
    return re.sub("[^a-z0-9]+", "-", text.lower()).strip("-")


def _with_minus(number: str) -> str:
    """Return a formatted number with a minus sign instead of a hyphen."""
    return number.replace("-", "−")


def _script() -> str:
    """Join the scripts of all tasks and the page, each in a block with its own scope."""
    folders = [*(page_of(task).templates for task in specs()), _TEMPLATES]
    paths = [path for folder in folders for path in sorted(folder.glob("*.js"))]
    blocks = (f"{{\n{path.read_text(encoding='utf-8')}}}\n" for path in paths)
    return '"use strict";\n' + "".join(blocks)


def _section(task: str, results: list[Result], report: Report) -> Section:
    page = page_of(task)
    return Section(
        specs()[task],
        results,
        [_group(page, *item) for item in by_dataset(results).items()],
        page.show(results, report),
        page.loss,
        part(task, "measures").MEASURES.metrics,
    )


def _group(page: TaskPage, dataset: str, results: Sequence[Result]) -> Group:
    with_curve = [result for result in first_seeds(results) if result.has_curve]
    return Group(
        dataset,
        [_test_set(split, on) for split, on in by_test(results).items()],
        [
            _figures(page, family)
            for comparable in by_objective(with_curve)
            for family in families(comparable)
        ],
    )


def _figures(page: TaskPage, family: Family) -> Figures:
    curves = [read_curve(result.name).scaled(page.loss.factor) for result in family.results]
    titles = [result.run.title for result in family.results]
    train = [curve.train for curve in curves]
    # A run that ends before its first validation has no line in that figure.
    validated = [
        (title, curve.validation)
        for title, curve in zip(titles, curves, strict=True)
        if curve.validation
    ]
    limits = loss_limits(train, [points for _, points in validated])
    return Figures(
        family,
        chart(list(zip(titles, train, strict=True)), limits, page.loss.label),
        chart(validated, limits, page.loss.label) if validated else None,
        any(loss > limits[1] for points in train for _, loss in points),
        [
            failure
            for result, curve in zip(family.results, curves, strict=True)
            if (failure := failure_of_training(result, curve, page.loss.label))
        ],
        page.figures(family.results),
    )


def _test_set(split: str, results: Sequence[Result]) -> TestSet:
    table = tabulate(results).without(block_measures.METRICS)  # these have a chapter of their own
    return TestSet(split, table, strips(table), read_compared_pairs(results))


def _data_view(dataset: str) -> dict[str, Any]:
    """Split the facts of a data set into the parts of the page."""
    facts = read_data_facts(dataset)
    splits = facts["splits"]
    counted = sorted(
        {key for split in splits.values() for key, value in split.items() if isinstance(value, int)}
    )
    if "records" in counted:
        counted = ["records", *(key for key in counted if key != "records")]
    others = {
        key: value for key, value in facts.items() if key not in _SHOWN_ELSEWHERE | {"skipped"}
    }
    return {
        "files": facts.get("files") or {},
        "splits": {
            name: splits[name]
            for name in dict.fromkeys(("train", "validation", "test", *splits))
            if name in splits
        },
        "counted": counted,
        "dropped": {key: count for key, count in (facts.get("dropped") or {}).items() if count},
        "skipped": facts.get("skipped") or [],
        "others": others,
    }
