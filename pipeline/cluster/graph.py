"""What is left to do: `dvc status` names stale stages, `dvc dag` what each of them waits for."""

import json
import re
import subprocess
from collections import defaultdict
from fnmatch import fnmatchcase
from graphlib import TopologicalSorter
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.errors import PipelineError
from pipeline.runs import STAGES

_YAML = YAML(typ="safe", pure=True)
Graph = dict[str, set[str]]  # stages in an order in which they can run, and what each waits for


def stale_stages() -> Graph:
    """Return the stages that DVC says are not up to date, and those that come after one."""
    return _left(_dependencies(_dvc("dag", "--dot")), set(json.loads(_dvc("status", "--json"))))


def _dependencies(dot: str) -> Graph:
    """Return the stages that come right before each stage, of a graph in the DOT language."""
    before: Graph = defaultdict(set)
    for line in dot.splitlines():
        match re.findall(r'"(.+?)"', line):
            case [stage]:
                before[stage] |= set()
            case [earlier, later]:
                before[later].add(earlier)
    return before


def _left(before: Graph, stale: set[str]) -> Graph:
    """Return the stages that are stale or come after one that is, each with the last before it."""
    left: Graph = {}
    earlier: Graph = {}  # all that come before a stage
    for stage in TopologicalSorter(before).static_order():
        waits_for = before.get(stage, set()) & left.keys()
        if stage in stale or waits_for:
            sooner = set().union(*(earlier[other] for other in waits_for))
            left[stage], earlier[stage] = waits_for - sooner, waits_for | sooner
    return left


def of_runs(graph: Graph, patterns: list[str]) -> Graph:
    """Return the part of `graph` that trains, decodes and evaluates runs of these names.

    It has the stages that they wait for. Without patterns it is the whole graph.
    """
    if not patterns:
        return graph
    needed: set[str] = set()
    for stage in reversed(graph):
        kind, _, run = stage.partition("@")
        if kind in STAGES and any(fnmatchcase(run, pattern) for pattern in patterns):
            needed.add(stage)
        if stage in needed:
            needed |= graph[stage]
    return {stage: waits_for for stage, waits_for in graph.items() if stage in needed}


def command_of(stage: str) -> str:
    """Return the command of a stage in dvc.yaml."""
    name, _, key = stage.partition("@")
    definition = _YAML.load(Path("dvc.yaml"))["stages"][name]
    command = definition.get("do", definition)["cmd"]
    return command.replace("${code}", code()).replace("${key}", key)


def code() -> str:
    """Return the folder with the code, as the scale's stages name it."""
    return _YAML.load(Path("scale.yaml"))["code"]


def _dvc(*arguments: str) -> str:
    done = subprocess.run(  # noqa: S603 (dvc, with a list of arguments and no shell)
        ["dvc", "--wait-for-lock", *arguments],  # noqa: S607
        stdout=subprocess.PIPE,
        text=True,
        check=False,
    )
    if done.returncode:
        raise PipelineError(f"dvc {' '.join(arguments)}: status {done.returncode}")
    return done.stdout
