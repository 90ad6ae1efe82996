"""Group runs into figures by the setting in which they differ from the first run."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pipeline.config import AnyRun
from pipeline.reporting.flatten import flatten
from pipeline.reporting.results import Result

COLOURS = 6  # of lines in style.css; figures with more lines are split into families
_NOT_SETTINGS = ("title", "dataset", "task")


_QUESTIONS = {
    "model.architecture": "Attention, recurrence or convolution?",
    "model.attention": "How far should attention see?",
    "model.d_model": "How wide a network?",
    "model.dropout": "Does dropout help?",
    "model.embeddings": "Bins of intensities or a mixture of logistics?",
    "start_from": "Does it help to start from a trained network?",
    "model.norm": "Where to normalise, and is warm-up needed?",
    "model.num_heads": "One head or several?",
    "model.num_layers": "How deep a network?",
    "model.positions": "Which position scheme?",
    "model.residuals": "What do residual connections carry?",
    "training": "Does another training help?",
}


@dataclass(frozen=True)
class Family:
    """Runs that differ from the first run of their data set in the same setting."""

    settings: list[str]  # dotted paths, "model.num_heads" or "training"; empty if not split
    results: list[Result]  # the first run of the data set first

    @property
    def question(self) -> str:
        """What its runs answer: by the most telling of the settings in which they differ."""
        if "model.residuals" in self.settings:  # such runs have other layers too
            return _QUESTIONS["model.residuals"]
        first = next(iter(self.settings), "")
        return _QUESTIONS.get(first, f"What does {first} change?")


def by_objective(results: Sequence[Result]) -> list[list[Result]]:
    """Group runs by what they predict, if a task has several such objectives.

    Their losses are of different things.
    """
    groups: dict[Any, list[Result]] = {}
    for result in results:
        objective = getattr(result.run.training, "objective", None)
        groups.setdefault(getattr(objective, "kind", None), []).append(result)
    return list(groups.values())


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
