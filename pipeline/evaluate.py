"""Stage evaluate: a run's metrics on the test split, each beside a trivial baseline.

Reads runs/<run>/model, runs/<run>/samples and data/encoded/<dataset>, writes
reports/metrics/<run>.json, nested by task.
"""

from pathlib import Path

from pipeline import config
from pipeline.console import run_stage
from pipeline.files import write_json
from pipeline.tasks import part
from pipeline.trained import load_model


def main(name: str) -> None:
    """Evaluate the run `name` of params.yaml."""
    run = config.run_of(config.load(), name)
    model = load_model(name, run.training)
    metrics = part(run.task, "metrics.evaluate").evaluate(
        model,
        Path("data/encoded") / run.dataset,
        Path("runs") / name / "samples",
        run.evaluation,
    )
    parameters = sum(weights.numel() for weights in model.parameters())
    model_facts = {"parameters": parameters, "steps": run.training.steps}
    write_json(Path("reports/metrics") / f"{name}.json", {run.task: metrics, "model": model_facts})


if __name__ == "__main__":
    run_stage(main, __doc__, "run")
