"""Make a scale for data of one's own: a folder with one data set, one run, and the graph.

    python -m pipeline new my_music --from ../midi     # in the folder of a scale; then
    cd my_music && dvc repro                           # what this prints

The files decide the task; the message about a folder without any says which are read. Parameters
are those of a run of the default scale, with what the files ask for. Says what training costs here,
by an update that is timed.
"""

import os
import shutil
import subprocess  # noqa: S404 (dvc, with a list of arguments and no shell)
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from models.shared.numerics import set_environment
from pipeline import config
from pipeline.config import AnyRun, Dataset, Params
from pipeline.errors import ConfigError, DataError, PipelineError
from pipeline.tasks import part, specs
from pipeline.tasks.base import OwnData

_CODE = Path(__file__).resolve().parents[1]
_IGNORED = {
    ".gitignore": ("/data/", "/runs/", "/public/", ".work/"),
    ".dvcignore": ("__pycache__/", ".work/"),
}
_HEADER = """\
# A scale of one's own, written by `python -m pipeline new`: one data set and one run.
# {default} explains each parameter where it first gives it.

"""


def main(folder: Path, source: Path) -> None:
    """Write the scale `folder` for the files in the folder `source`, and say what comes next.

    Raises ConfigError if `folder` exists or cannot be the name of a data set, and DataError if the
    files are of no task, or of several.
    """
    if folder.exists():
        raise ConfigError(f"{folder}: exists; choose another name, or remove it")
    if not source.is_dir():
        raise DataError(f"--from {source}: not a folder")
    raw, own = describe(folder.name, source, os.path.relpath(source, folder))
    params = config.parse(raw, folder / config.PARAMS)  # before anything is written
    _write(folder, raw)
    (run,), dataset = params.runs.values(), params.datasets[folder.name]
    print(f"{folder}: {own.what}, a scale of {run.task}")
    print(_cost(run, dataset, own.ids))
    print(f"next: cd {folder} && dvc repro")


def describe(name: str, source: Path, path: str) -> tuple[dict[str, Any], OwnData]:
    """Return the params.yaml of a scale with the data set `name`, and what its files are.

    The files are in the folder `source`, which the params.yaml calls `path`. DataError if they are
    of no task, or of several.
    """
    default = config.load(_CODE / config.PARAMS)
    task, own = _recognise(source, default)
    example = part(task, "own").EXAMPLE
    run = default.runs[example].model_dump(mode="json")
    raw = {
        "datasets": {name: _dataset(task, path, own)},
        "runs": {example: {**run, "dataset": name}},
        "demonstrations": {},
        "report": {**default.report.model_dump(mode="json"), "title": name},
    }
    return raw, own


def _recognise(source: Path, default: Params) -> tuple[str, OwnData]:
    """Return the task whose files are in `source`, and what its data set needs."""
    found = []
    for task in specs():
        reads = part(task, "own")
        dataset = default.datasets[default.runs[reads.EXAMPLE].dataset]
        if own := reads.own_data(source, dataset.encoding.model_dump(mode="json")):
            found.append((task, own))
    if len(found) != 1:
        tasks = ", ".join(f"{own.what} ({task})" for task, own in found)
        problem = f"files of several tasks: {tasks}" if found else "no files of any task"
        wanted = ", or ".join(part(task, "own").FILES for task in specs())
        raise DataError(f"--from {source}: {problem}; give a folder of {wanted}")
    return found[0]


def _dataset(task: str, path: str, own: OwnData) -> dict[str, Any]:
    source = {"kind": "folder", "path": path, "origin": "my own", "licence": "none"}
    return {"task": task, "source": source, "encoding": own.encoding}


def _write(folder: Path, raw: dict[str, Any]) -> None:
    """Write the files of a scale; its cache is that of the others."""
    folder.mkdir(parents=True)
    code = os.path.relpath(_CODE, folder)
    (folder / "scale.yaml").write_text(
        f"# Where the code lies, seen from this scale's folder.\ncode: {code}\n", encoding="utf-8"
    )
    shutil.copy(_CODE / "dvc.yaml", folder)
    for name, ignored in _IGNORED.items():
        (folder / name).write_text("\n".join(ignored) + "\n", encoding="utf-8")
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = False
    yaml.sort_base_mapping_type_on_output = False
    with (folder / config.PARAMS).open("w", encoding="utf-8") as file:
        file.write(_HEADER.format(default=os.path.relpath(_CODE / config.PARAMS, folder)))
        yaml.dump(raw, file)
    _dvc(folder, "init", "--subdir", "--quiet")
    _dvc(folder, "cache", "dir", os.path.join(code, ".dvc/cache"))


def _dvc(folder: Path, *arguments: str) -> None:
    command = ["dvc", *arguments]
    called = subprocess.run(  # noqa: S603 (the same)
        command, cwd=folder, capture_output=True, text=True, check=False
    )
    if called.returncode:
        raise PipelineError(f"dvc {arguments[0]}: {' '.join(called.stderr.split())}")


def _cost(run: AnyRun, dataset: Dataset, ids: int) -> str:
    """Say how long training takes here, by an update that is timed."""
    set_environment(run.training.numerics)
    from pipeline.cost import seconds_of_update  # here, because torch takes a second to import

    seconds = seconds_of_update(run, dataset.layout, ids)
    steps, threads = run.training.steps, run.training.threads
    return (
        f"training makes {steps:,} updates of about {seconds:.2f} seconds, as timed here with "
        f"threads = {threads}: {steps * seconds / 60:.0f} minutes; training.steps sets their number"
    )
