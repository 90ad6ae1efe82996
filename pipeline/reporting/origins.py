"""Where figures come from: the data and models of their runs, by the hashes in dvc.lock."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ruamel.yaml import YAML

from pipeline.reporting.results import Result

LOCK = Path("dvc.lock")


@dataclass(frozen=True)
class Origin:
    """The data set and the hashes of a run; a hash is None if dvc.lock has none."""

    dataset: str
    data: str | None  # MD5 of the folder data/encoded/<dataset>
    model: str | None  # MD5 of the folder runs/<run>/model


def read_origins(results: Iterable[Result]) -> dict[str, Origin]:
    """Read the origins of all runs by name; without dvc.lock they have no hashes."""
    hashes = _read_hashes()
    return {
        result.name: Origin(
            result.run.dataset,
            hashes.get(f"data/encoded/{result.run.dataset}"),
            hashes.get(f"runs/{result.name}/model"),
        )
        for result in results
    }


def _read_hashes() -> dict[str, str]:
    """Return the hash of each output in dvc.lock by its path."""
    if not LOCK.exists():
        return {}
    stages = YAML(typ="safe").load(LOCK.read_text(encoding="utf-8"))["stages"]
    return {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", [])}
