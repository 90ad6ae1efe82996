"""Stage decode: generate samples of a run for the test split.

Reads runs/<run>/model and data/encoded/<dataset>, writes runs/<run>/samples: translations, images
or MIDI files.
"""

from pathlib import Path

from pipeline import config
from pipeline.files import staged_folder
from pipeline.tasks import part
from pipeline.trained import load_model


def main(name: str) -> None:
    """Generate samples of the run `name` of params.yaml."""
    run = config.run_of(config.load(), name)
    model = load_model(name, run.training)
    with staged_folder(Path("runs") / name / "samples") as samples:
        part(run.task, "decoding.decode").decode(
            model, Path("data/encoded") / run.dataset, samples, run.decoding
        )
