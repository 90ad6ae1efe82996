"""cluster.yaml: what the jobs of a scale ask for."""

import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, PositiveInt, ValidationError
from ruamel.yaml import YAML, YAMLError

from models.settings import Settings
from pipeline.errors import ConfigError
from pipeline.explain import explain

FILE = Path("cluster.yaml")
_CODE = Path(__file__).resolve().parents[2]
_TIME = re.compile(r"(?:(\d+)-)?(\d+):(\d\d):(\d\d)")


def hours(time: str) -> float:
    """Return the hours of a time limit, [days-]hours:minutes:seconds; ValueError if it is none."""
    if not (found := _TIME.fullmatch(time)):
        raise ValueError(f"time = {time} should be [days-]hours:minutes:seconds, in quotes")
    days, *clock = (int(part or 0) for part in found.groups())
    return 24 * days + sum(part / 60**power for power, part in enumerate(clock))


def _check_time(options: dict[str, str | int]) -> dict[str, str | int]:
    if "time" in options:
        hours(str(options["time"]))
    return options


Options = Annotated[dict[str, str | int], AfterValidator(_check_time)]


class ClusterSettings(Settings):
    """Content of cluster.yaml."""

    here: list[str]  # patterns of stages that submit runs itself
    processes_per_node: PositiveInt
    push: bool  # whether a last job sends the results to the DVC remote
    options: dict[str, Options]  # of sbatch, by pattern of stages

    def is_here(self, stage: str) -> bool:
        """Whether submit runs `stage` itself."""
        return any(fnmatchcase(stage, pattern) for pattern in self.here)

    def options_of(self, stage: str) -> dict[str, str | int]:
        """Return the options of sbatch for `stage`."""
        found: dict[str, str | int] = {}
        for pattern, options in self.options.items():
            if fnmatchcase(stage, pattern):
                found |= options
        return found


def load() -> ClusterSettings:
    """Read the file of this scale, or else that of the root.

    Raises ConfigError with the dotted path of the first problem.
    """
    path = FILE if FILE.exists() else _CODE / FILE
    try:
        raw: Any = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, YAMLError) as error:
        raise ConfigError(f"{path}: not valid YAML: {' '.join(str(error).split())}") from None
    try:
        return ClusterSettings.model_validate(raw)
    except ValidationError as error:
        raise ConfigError(f"{path}: {explain(error, raw)}") from None
