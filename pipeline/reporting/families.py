"""Runs that belong into one figure: those that differ from the first run in the same setting."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config import AnyRun
from pipeline.reporting.flatten import flatten
from pipeline.reporting.results import Result

COLOURS = 6  # of lines in style.css; figures of more lines than that are cut by family
_NO_SETTING = ("title", "dataset", "task")


@dataclass(frozen=True)
class Family:
    """Runs, the first run of their data set before the others, and the settings that differ."""

    settings: list[str]  # dotted paths, "model.num_heads" or "training"; none if not cut by them
    results: list[Result]


def families(results: Sequence[Result]) -> list[Family]:
    """Cut the runs on one data set into families, if one figure cannot hold all of them.

    A run belongs to the first setting, in the order of params.yaml, in which it differs.
    """
    if len(results) <= COLOURS:
        return [Family([], list(results))] if results else []
    first, *others = results
    cut: dict[tuple[str, ...], Family] = {}
    for result in others:
        differing = _differing(first.run, result.run)
        family = cut.setdefault(tuple(differing[:1]), Family([], [first]))
        family.results.append(result)
        family.settings.extend(path for path in differing if path not in family.settings)
    return list(cut.values())


def _differing(first: AnyRun, other: AnyRun) -> list[str]:
    """The settings of both that differ; those of the model by name, the others by part."""
    ours, theirs = (dict(flatten(run.model_dump(mode="json"))) for run in (first, other))
    paths = [
        path
        for path in theirs
        if path not in _NO_SETTING and path in ours and ours[path] != theirs[path]
    ]
    return list(dict.fromkeys(_short(path) for path in paths))


def _short(path: str) -> str:
    part, _, rest = path.partition(".")
    return f"{part}.{rest.partition('.')[0]}" if part == "model" else part
