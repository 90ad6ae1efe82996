"""Group runs into figures by the setting in which they differ from the first run."""

from collections.abc import Sequence
from dataclasses import dataclass

from pipeline.config import AnyRun
from pipeline.reporting.flatten import flatten
from pipeline.reporting.results import Result

COLOURS = 6  # of lines in style.css; figures with more lines are split into families
_NOT_SETTINGS = ("title", "dataset", "task")


@dataclass(frozen=True)
class Family:
    """Runs that differ from the first run of their data set in the same setting."""

    settings: list[str]  # dotted paths, "model.num_heads" or "training"; empty if not split
    results: list[Result]  # the first run of the data set first


def families(results: Sequence[Result]) -> list[Family]:
    """Split the runs on one data set into families if there are more than COLOURS.

    The family of a run is the first setting, in the order of params.yaml, in which it differs.
    """
    if len(results) <= COLOURS:
        return [Family([], list(results))] if results else []
    first, *others = results
    by_setting: dict[tuple[str, ...], Family] = {}
    for result in others:
        differing = _differing(first.run, result.run)
        family = by_setting.setdefault(tuple(differing[:1]), Family([], [first]))
        family.results.append(result)
        family.settings.extend(path for path in differing if path not in family.settings)
    return list(by_setting.values())


def _differing(first: AnyRun, other: AnyRun) -> list[str]:
    """Return the settings of both that differ; of the model by name, others by section."""
    first_settings, other_settings = (
        dict(flatten(run.model_dump(mode="json"))) for run in (first, other)
    )
    paths = [
        path
        for path, value in other_settings.items()
        if path not in _NOT_SETTINGS and first_settings.get(path, value) != value
    ]
    return list(dict.fromkeys(_short(path) for path in paths))


def _short(path: str) -> str:
    part, _, rest = path.partition(".")
    return f"{part}.{rest.partition('.')[0]}" if part == "model" else part
