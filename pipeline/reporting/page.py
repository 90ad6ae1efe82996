"""The page: all results of a scale, put into one HTML file that needs no network."""

import base64
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.judging.judgements import SIGNIFICANT
from pipeline.reporting.arcs import Arcs, read_arcs
from pipeline.reporting.attention import Attention, read_attention
from pipeline.reporting.benchmarks import read_benchmarks
from pipeline.reporting.by_position import chart_by_position
from pipeline.reporting.chorales import VOICES, Chorale, Roll, pitch_range, read_chorales, roll
from pipeline.reporting.costs import read_costs
from pipeline.reporting.data_uri import data_uri
from pipeline.reporting.demonstrations import read_demonstration
from pipeline.reporting.distributions import read_distributions
from pipeline.reporting.families import Family, families
from pipeline.reporting.faults import read_faults
from pipeline.reporting.figures import Chart, Strip, chart, loss_limits, strips
from pipeline.reporting.flatten import flatten
from pipeline.reporting.grids import Grid, read_grid
from pipeline.reporting.judged import Compared, read_compared_pairs, read_judged_claims
from pipeline.reporting.positions import Positions, read_positions
from pipeline.reporting.published import read_published
from pipeline.reporting.results import (
    Result,
    by_dataset,
    by_task,
    by_test,
    finished,
    read_curve,
    read_data_facts,
    read_results,
)
from pipeline.reporting.scores import MEASURES, Table, tabulate
from pipeline.reporting.search_grid import SearchGrid, read_search_grid
from pipeline.reporting.translations import read_translations, spread
from pipeline.settings.base import Task

MAX_BYTES = 15_000_000
AUDIO_BYTES = 4_500_000  # of the page, shared alike by the runs that make music
_FEWER = 4  # only the first run shows all report.translations, the others this part of them
_TEMPLATES = Path(__file__).with_name("templates")
_SCRIPTS = ("player.js", "attention.js", "print.js")
_SHOWN_ELSEWHERE = {"dataset", "task", "kind", "origin", "licence", "files", "splits", "dropped"}


@dataclass(frozen=True)
class TestSet:
    """The scores of the runs on one test set of a data set."""

    split: str
    table: Table
    strips: list[Strip | None]
    comparisons: list[Compared]


@dataclass(frozen=True)
class Figures:
    """The curves of a family of runs, and the attention of those that have it recorded."""

    family: Family
    train: Chart
    validation: Chart | None
    by_position: Chart | None  # of the test pieces; None where it is not measured
    cut: bool  # whether losses lie above the charts
    attention: list[Attention]


@dataclass(frozen=True)
class Group:
    """The runs of one task on one data set, which may be compared."""

    dataset: str
    tests: list[TestSet]  # "test" first
    figures: list[Figures]  # by family


@dataclass(frozen=True)
class Section:
    """A task: scores and curves by data set, then what each run generated."""

    task: Task
    results: list[Result]
    groups: list[Group]
    generated: list[tuple[Result, Any]]  # of the runs whose samples are in this folder
    searches: list[tuple[Result, SearchGrid]]
    positions: Positions | None  # None where no run recorded them

    def signatures(self, metric: str) -> list[str]:
        """The distinct signatures under which the runs' `metric` was computed."""
        found = [
            str(result.metrics["test"][f"{metric}_signature"])
            for result in self.results
            if f"{metric}_signature" in result.metrics["test"]
        ]
        return list(dict.fromkeys(found))


@dataclass(frozen=True)
class Piece:
    """A chorale as the page plays it; `audio` is None when the page has no room for it."""

    chorale: Chorale
    roll: Roll
    audio: str | None
    midi: str
    arcs: Arcs | None  # None where no attention was recorded


def render(params: Params) -> str:
    """Return the page of the runs of `params` that were measured: equal inputs give equal text.

    Raises DataError that names the file if a run's results are damaged or some are missing, and if
    the page would be larger than MAX_BYTES.
    """
    params, waiting = finished(params)
    results = read_results(params)
    style = _template_text("style.css")
    script = "".join(_template_text(name) for name in _SCRIPTS)
    page = (
        _environment()
        .get_template("page.html")
        .render(
            params=params,
            waiting=waiting,
            elsewhere=[result for result in results if not result.is_here],
            without_curve=[result for result in results if not result.has_curve],
            published=read_published(),
            sections=_sections(params, results),
            data={name: _data_view(name) for name in by_dataset(results)},
            measures=MEASURES,
            demonstrations=[
                read_demonstration(name, settings, results)
                for name, settings in params.demonstrations.items()
            ],
            benchmarks=read_benchmarks(),
            faults=read_faults(),
            costs=read_costs(read_published()),
            claims=read_judged_claims(results),
            significant=SIGNIFICANT,
            embedded=all(each.source.kind == "package" for each in params.datasets.values()),
            style=Markup(style),  # noqa: S704 (our own file)
            script=Markup(script),  # noqa: S704 (our own file)
            style_hash=_content_hash(style),
            script_hash=_content_hash(script),
            voices=VOICES,
        )
    )
    size = len(page.encode())
    if size > MAX_BYTES:
        raise DataError(
            f"reports/index.html: the page has {size:,} bytes, more than {MAX_BYTES:,}; "
            "lower report.translations, or how much the runs generate (runs.<run>.decoding)"
        )
    return page


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["flatten"] = flatten
    return environment


def _template_text(name: str) -> str:
    return (_TEMPLATES / name).read_text(encoding="utf-8")


def _content_hash(text: str) -> str:
    """The source expression by which the page's policy admits an inline style or script."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"sha256-{digest}"


def _sections(params: Params, results: Sequence[Result]) -> list[Section]:
    sections = []
    for task, of_task in by_task(results).items():
        groups = [_group(task, *item) for item in by_dataset(of_task).items()]
        here = [result for result in of_task if result.is_here]
        match task:
            case Task.TRANSLATION:
                first = params.report.translations
                counts = (first if each is here[0] else max(first // _FEWER, 1) for each in here)
                generated = [_translations(*each) for each in zip(here, counts, strict=True)]
            case Task.IMAGE:
                generated = [_grids(each) for each in here]
            case Task.MUSIC:
                generated = [_music(each, AUDIO_BYTES // len(here)) for each in here]
        shown = list(zip(here, generated, strict=True))
        positions = read_positions(of_task)
        sections.append(Section(task, of_task, groups, shown, _searches(of_task), positions))
    return sections


def _searches(results: Sequence[Result]) -> list[tuple[Result, SearchGrid]]:
    """The translators that searched the validation split with several settings."""
    translators = [result for result in results if result.run.task is Task.TRANSLATION]
    grids = [(result, read_search_grid(result)) for result in translators]
    return [(result, grid) for result, grid in grids if grid is not None]


def _grids(result: Result) -> dict[str, Grid]:
    drawn = result.run.decoding.samples_per_class is not None
    kinds = ("conditional", "completions") if drawn else ("completions",)
    return {kind: read_grid(result.samples, kind) for kind in kinds}


def _group(task: Task, dataset: str, results: Sequence[Result]) -> Group:
    return Group(
        dataset,
        [_test_set(task, split, on) for split, on in by_test(results).items()],
        [_figures(family) for family in families([each for each in results if each.has_curve])],
    )


def _figures(family: Family) -> Figures:
    curves = [read_curve(result.name) for result in family.results]
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
        chart(list(zip(titles, train, strict=True)), limits),
        chart(validated, limits) if validated else None,
        chart_by_position(family.results),
        any(loss > limits[1] for points in train for _, loss in points),
        [each for each in map(read_attention, family.results) if each],
    )


def _test_set(task: Task, split: str, results: Sequence[Result]) -> TestSet:
    table = tabulate(task, results)
    return TestSet(split, table, strips(table), read_compared_pairs(results))


def _translations(result: Result, count: int) -> dict[str, Any]:
    translations = read_translations(result.samples, result.split)
    return {
        "shown": spread(translations, count),
        "total": len(translations),
    }


def _music(result: Result, audio_bytes: int) -> dict[str, Any]:
    return {
        "pieces": _pieces(result, audio_bytes),
        "distributions": read_distributions(result.records),
    }


def _pieces(result: Result, audio_bytes: int) -> list[Piece]:
    chorales = read_chorales(result.samples)
    lowest, highest = pitch_range(chorales)
    pieces = []
    for chorale in chorales:
        audio = data_uri("audio/mpeg", chorale.mp3)
        audio_bytes -= len(audio)
        pieces.append(
            Piece(
                chorale,
                roll(chorale, lowest, highest),
                audio if audio_bytes >= 0 else None,
                data_uri("audio/midi", chorale.midi),
                read_arcs(result.records, chorale.file),
            )
        )
    return pieces


def _data_view(dataset: str) -> dict[str, Any]:
    """What the encode stage tells of a data set, cut into the parts that the page lays out."""
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
