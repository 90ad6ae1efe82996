"""Stage train: a run's model and its loss curve, from its encoded data.

Reads data/encoded/<dataset>, writes runs/<run>/model and reports/curves/<run>.csv. Needs torch but
neither dvc nor datasets. An interrupted training goes on from its last checkpoint in .work/train.
"""

import csv
import io
from pathlib import Path

from models import store
from models.network import build
from models.settings import DataShape
from pipeline import config
from pipeline.console import run_stage
from pipeline.errors import ConfigError
from pipeline.files import read_json, staged_folder, write_atomically
from pipeline.tasks import part
from pipeline.training.trainer import prepare, train
from pipeline.training.workspace import die_with_parent, fingerprint, workspace


def main(name: str) -> None:
    """Train the run `name` of params.yaml."""
    die_with_parent()
    run = config.run_of(config.load(), name)
    encoded = Path("data/encoded") / run.dataset
    manifest = read_json(encoded / "manifest.json")
    shape = DataShape.model_validate(manifest["shape"])
    settings = run.model_dump(mode="json", include={"model", "training"})
    prepare(run.training)
    try:
        model = build(run.model, shape).to(run.training.device)
    except ValueError as error:
        raise ConfigError(f"{config.PARAMS}: runs.{name}.model: {error}") from None
    batches = part(run.task, "batches").Batches(encoded, run.model, shape, run.training)
    mark = fingerprint(settings, encoded, run.task)
    with workspace(name, mark) as work:
        curve = train(model, batches, run.training, work, name)
        with staged_folder(Path("runs") / name / "model") as folder:
            store.save(model, folder)
        write_atomically(Path("reports/curves") / f"{name}.csv", _as_csv(curve))


def _as_csv(rows: list[dict[str, float | int]]) -> bytes:
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=rows[0], lineterminator="\n")
    writer.writeheader()
    for row in rows:
        writer.writerow(row | {key: f"{row[key]:.6g}" for key in row if key != "step"})
    return text.getvalue().encode()


if __name__ == "__main__":
    run_stage(main, __doc__, "run")
