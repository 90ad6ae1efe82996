"""Keep networks in pretrained/, which is in git: commands in a fresh clone use them.

    python -m pipeline pretrained translation_sinusoid image_local_2d music_relative

Run it in the folder of a scale, after dvc repro and a commit of dvc.lock. pretrained/ has one
network a task, and one that is there is replaced only if the score of the new one is better. A
folder pretrained/<task>/ is laid out like a scale of one run:

    params.yaml     settings of the data set and of the run
    origin.json     which run it is, the commit whose dvc.lock has it, its score, and the sha256 of
                    each file
    model/          config.json and model.safetensors, the bytes that training wrote
    encoded/        what the command of the task reads of the encoded data
    metrics.json    as reports/measurements/<run>.json
    README.md       the model card
"""

import io
import shutil
import subprocess  # noqa: S404 (git, with a list of arguments and no shell)
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from models.store import CONFIG, WEIGHTS
from pipeline import config
from pipeline.config import PARAMS, Params
from pipeline.corpus import read_sequences
from pipeline.errors import DataError
from pipeline.files import read_json, sha256_of, staged_folder, write_json
from pipeline.networks import ORIGIN, PRETRAINED
from pipeline.publishing.cards import card
from pipeline.publishing.publication import publication_of
from pipeline.recover import LOCK
from pipeline.reporting.results import Result, read_data_facts, read_results
from pipeline.reporting.scores import tabulate

_MANIFEST = "manifest.json"


def main(names: list[str]) -> None:
    """Keep the network of each run in `names` that is better than the one of its task."""
    params = config.load()
    for name in names:
        config.run_of(params, name)
    for name in names:
        print(keep(name, params))


def keep(name: str, params: Params) -> str:
    """Keep the network of the run `name` if its score is better; return a line that says so.

    Raises DataError if its model or a result is missing, dvc.lock is not committed, or the network
    that is there was measured on other data.
    """
    own = _alone(name, params)
    (result,) = read_results(own.model_copy(update={"runs": {name: params.runs[name]}}))
    table = tabulate([result])
    metric, score = table.metrics[0], table.runs[0].scores[0].value
    folder = PRETRAINED / result.run.task
    shown = f"{folder.parent.name}/{folder.name}"
    told = f"{metric.label} {metric.format(score)}"
    if (folder / ORIGIN).exists():
        before = read_json(folder / ORIGIN)
        if config.load(folder / PARAMS.name).datasets != own.datasets:
            raise DataError(
                f"{folder}: measured on other data than {name}, so that their scores do not "
                "compare; remove the folder to keep the new one"
            )
        if (score <= before["score"]) if metric.higher_is_better else (score >= before["score"]):
            old = f"{before['run']} with {metric.format(before['score'])}"
            return f"{shown}: {name}, {told}, is not better than {old}, which stays"
    digest = _digest_in_lock(name)
    origin = {
        "run": name,
        "commit": _commit_of(digest),
        "model": digest,
        "metric": metric.key,
        "score": score,
    }
    _write(folder, own, result, origin)
    return f"{shown}: {name}, {told}"


def _alone(name: str, params: Params) -> Params:
    """Return `params` with one run, those that it starts from, and their data sets."""
    runs = {each: params.runs[each] for each in (name, *config.starts_of(params, name))}
    names = dict.fromkeys(run.dataset for run in runs.values())
    datasets = {each: params.datasets[each] for each in names}
    return params.model_copy(update={"runs": runs, "datasets": datasets, "demonstrations": {}})


def _write(folder: Path, own: Params, result: Result, origin: dict[str, Any]) -> None:
    encoded = Path("data/encoded") / result.run.dataset
    trained = Path("runs") / result.name / "model"
    with staged_folder(folder) as new:
        _copy(trained, new / "model", (CONFIG, WEIGHTS))
        read = publication_of(result.run.task).read_by_command
        _copy(encoded, new / "encoded", (_MANIFEST, *read))
        shutil.copy(result.metrics_path, new / "metrics.json")
        text = card(result, read_data_facts(result.run.dataset), weights=True)
        (new / "README.md").write_text(text, encoding="utf-8", newline="\n")
        yaml = io.StringIO()
        YAML(typ="rt").dump(own.model_dump(mode="json"), yaml)
        (new / PARAMS.name).write_text(yaml.getvalue(), encoding="utf-8", newline="\n")
        files = sorted(path for path in new.rglob("*") if path.is_file())
        digests = {path.relative_to(new).as_posix(): sha256_of(path) for path in files}
        write_json(new / ORIGIN, origin | {"longest": _longest(encoded), "sha256": digests})


def _copy(source: Path, target: Path, names: tuple[str, ...]) -> None:
    target.mkdir()
    for name in names:
        if not (source / name).is_file():
            raise DataError(f"{source / name}: no such file; run `dvc repro` or `dvc pull`")
        shutil.copy(source / name, target)


def _longest(encoded: Path) -> dict[str, int]:
    """Return the ids of the longest training record of each field."""
    fields = sorted(path.name.split(".")[1] for path in encoded.glob("train.*.offsets.npy"))
    return {field: int(read_sequences(encoded, "train", field).lengths.max()) for field in fields}


def _digest_in_lock(name: str) -> str:
    """Return the md5 by which dvc.lock knows the model of a run."""
    lock = YAML(typ="safe", pure=True).load(LOCK) if LOCK.exists() else {"stages": {}}
    for out in lock["stages"].get(f"train@{name}", {}).get("outs", []):
        if out["path"] == f"runs/{name}/model":
            return out["md5"]
    raise DataError(f"{LOCK}: has no model of {name}; run `dvc repro train@{name}`")


def _commit_of(digest: str) -> str:
    """Return the commit that brought the model of this md5 into dvc.lock."""
    command = ["git", "log", "-1", "--format=%H", "-S", digest, "--", str(LOCK)]
    ran = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 (the same)
    if not ran.stdout:
        raise DataError(f"{LOCK}: {digest} is in no commit; commit {LOCK} first")
    return ran.stdout.strip()
