"""Stage evaluate: metrics and baselines of a run on the test split.

Reads runs/<run>/model, runs/<run>/samples and data/encoded/<dataset>. Writes
reports/measurements/<run>.json: all that was measured, nested by task; reports/metrics/<run>.json:
the score that DVC shows; reports/records/<run>.parquet, the sufficient statistics of each test
record; and runs/<run>/records: the scores of each sentence, image or piece, in the order of the
test split, as <split>.jsonl, and data for figures of the report: attention.json of a few
translations, <piece>.arcs.json of each composed piece, and distributions.json of the notes of
composed pieces and test pieces.
"""

from pathlib import Path

from models.shared.base import Model
from pipeline import config
from pipeline.corpus import is_test, split_of_variant
from pipeline.evaluation import Evaluation, headlines, scores_of
from pipeline.files import staged_folder, write_json, write_json_lines
from pipeline.records import RunRecords, records_path, write_records
from pipeline.tasks import part
from pipeline.trained import kept_folder, load_model


def main(name: str) -> None:
    """Evaluate the run `name` of params.yaml."""
    run = config.run_of(config.load(), name)
    model = load_model(name, run.training)
    folder = Path("runs") / name
    evaluation = _evaluate(run, model, folder / "samples")
    for step in run.training.keep_steps:
        kept = load_model(name, run.training, step)
        variant = _evaluate(run, kept, kept_folder(folder / "samples", step))
        evaluation.metrics.setdefault("steps", {})[str(step)] = variant.metrics["test"]
        split = split_of_variant("test", str(step))
        evaluation.records[split] = variant.records["test"]
    settings = run.model_dump(mode="json", exclude={"title"})
    write_records(records_path(name), RunRecords(settings, evaluation.records))
    with staged_folder(folder / "records") as records:
        for split, rows in evaluation.details.items():
            write_json_lines(records / f"{split}.jsonl", rows)
        for stem, figure in evaluation.figures.items():
            # On one line: with indentation, each number would take a line.
            write_json_lines(records / f"{stem}.json", [figure])
    parameters = sum(weights.numel() for weights in model.parameters())
    model_facts = {"parameters": parameters, "steps": run.training.steps}
    measured = {run.task: evaluation.metrics, "model": model_facts}
    write_json(Path("reports/measurements") / f"{name}.json", measured)
    shown = headlines(evaluation.metrics["test"], part(run.task, "measures").MEASURES.metrics)
    write_json(Path("reports/metrics") / f"{name}.json", shown)


def _evaluate(run: config.AnyRun, model: Model, samples: Path) -> Evaluation:
    """Evaluate a network of the run, and add the scores that follow from the records."""
    evaluation = part(run.task, "metrics.evaluate").evaluate(
        model, Path("data/encoded") / run.dataset, samples, run.evaluation
    )
    metrics = part(run.task, "measures").MEASURES.metrics
    for split, records in evaluation.records.items():
        if is_test(split):
            test_set = evaluation.metrics if split == "test" else evaluation.metrics[split]
            scores = scores_of(records, metrics, run.evaluation)
            test_set["test"] = scores | test_set["test"]
    return evaluation
