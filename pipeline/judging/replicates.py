"""Group runs that differ only in their seed."""

import json
from collections import defaultdict
from collections.abc import Mapping
from typing import Any


def replicates(runs: Mapping[str, Mapping[str, Any]]) -> dict[str, list[str]]:
    """Return the replicates of each run, itself included, ordered by seed.

    Replicates differ only in `training.seed` and `title`, and start from replicates. Runs with the
    same seed would count one measurement twice; of these, a run keeps itself or else the first.
    """
    groups: dict[str, dict[str, int]] = defaultdict(dict)
    for name, settings in runs.items():
        groups[_without_seed(settings, runs)][name] = settings["training"]["seed"]
    return {name: _one_per_seed(name, group) for group in groups.values() for name in group}


def _without_seed(settings: Mapping[str, Any], runs: Mapping[str, Mapping[str, Any]]) -> str:
    """Describe a run without its seed, and what it starts from likewise, if that is known."""
    training = {key: value for key, value in settings["training"].items() if key != "seed"}
    others = {key: value for key, value in settings.items() if key != "title"}
    start = settings.get("start_from", {})
    if start.get("run") in runs:
        others["start_from"] = start | {"run": _without_seed(runs[start["run"]], runs)}
    return json.dumps(others | {"training": training}, sort_keys=True)


def _one_per_seed(name: str, seeds: Mapping[str, int]) -> list[str]:
    chosen = {seed: run for run, seed in reversed(seeds.items())} | {seeds[name]: name}
    return [chosen[seed] for seed in sorted(chosen)]
