"""Blockwise decoding on the page: ids that a pass of the network adds, published and measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from pipeline import block_measures
from pipeline.files import read_json
from pipeline.measures import Metric
from pipeline.reporting import benchmarks
from pipeline.reporting.published import MeanBlock, Published
from pipeline.reporting.results import Result, by_dataset, by_replicates
from pipeline.reporting.scores import Row, Score, mean_of, tabulate

_PREFIX, _SUFFIX = "blocks: ", ", times as fast by the clock"  # of benchmarks/blocks.py
_BEAM = "beam of 4"  # that search keeps four sequences: another comparison


@dataclass(frozen=True)
class Proposals:
    """A network that proposes several ids a pass, with its replicates."""

    result: Result  # of the first seed
    mean_block: Score
    published: MeanBlock | None  # of as many proposals, on the same kind of weights
    unlike_greedy: Score
    score: Score  # by the main metric of its task
    start: Score | None  # of the networks that these seeds start from, one id a pass
    metric: Metric  # that main one

    @property
    def is_here(self) -> bool:
        """Whether the page shows what it generated, pass by pass."""
        return self.result.samples.exists()


@dataclass(frozen=True)
class Speed:
    """How many times as fast blockwise decoding is as one id a pass."""

    what: str
    ratio: float


@dataclass(frozen=True)
class Blocks:
    """What networks with proposals reached, and how much time they saved."""

    metric: Metric
    networks: list[Proposals]
    speeds: list[Speed]
    machines: list[str]


def read_blocks(
    results: Sequence[Result], published: Published, path: Path = benchmarks.FILE
) -> Blocks | None:
    """Return the networks among `results` with proposals; None if there are none.

    `path` has the rows that benchmarks/blocks.py writes.
    """
    networks = [
        network
        for on in by_dataset(results).values()
        if any(map(has_proposals, on))
        for network in _networks(on, published)
    ]
    if not networks:
        return None
    rows = [row for row in read_json(path) if _is_speed(row["what"])]
    return Blocks(
        block_measures.MEAN_BLOCK,
        networks,
        [Speed(row["what"][len(_PREFIX) : -len(_SUFFIX)], row["ours"]) for row in rows],
        list(dict.fromkeys(row["machine"] for row in rows)),
    )


def has_proposals(result: Result) -> bool:
    """Whether the network of a run proposes several ids a pass."""
    return block_measures.MEAN_BLOCK.key in result.metrics["test"]


def _is_speed(what: str) -> bool:
    return what.startswith(_PREFIX) and what.endswith(_SUFFIX) and _BEAM not in what


def _networks(results: Sequence[Result], published: Published) -> list[Proposals]:
    """Return the networks with proposals among `results`, which share task and data set."""
    table, by_name = tabulate(results), {result.name: result for result in results}
    rows = {row.run: row for row in table.runs}
    return [
        _proposals(group, rows[group[0].name], by_name, table.metrics, published)
        for group in by_replicates(results)
        if has_proposals(group[0])
    ]


def _proposals(
    group: Sequence[Result],
    row: Row,
    by_name: Mapping[str, Result],
    metrics: Sequence[Metric],
    published: Published,
) -> Proposals:
    result, main = group[0], metrics[0]
    of_metric = dict(zip((metric.key for metric in metrics), row.scores, strict=True))
    starts = [by_name[start] for each in group if (start := each.run.start_from.run) in by_name]
    proposals, frozen = result.run.model.output.proposals, result.run.start_from.frozen
    return Proposals(
        result,
        of_metric["mean_block"],
        published.mean_block(result.run.task, proposals, frozen=frozen),
        of_metric["unlike_greedy"],
        row.scores[0],
        mean_of([Score(_greedy(start, main.key)) for start in starts]) if starts else None,
        main,
    )


def _greedy(result: Result, metric: str) -> float:
    """Return the score of greedy decoding, if the metric depends on decoding."""
    searches = result.metrics.get("other_searches", {})
    return searches.get("greedy", result.metrics["test"])[metric]
