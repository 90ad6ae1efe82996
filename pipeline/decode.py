"""Stage decode: generate samples of a run for the test split.

Reads runs/<run>/model and data/encoded/<dataset>, writes runs/<run>/samples: translations, images
or MIDI files; and in step_<n> the same with the weights after n updates, if the run keeps them.
"""

from pathlib import Path

from pipeline import config
from pipeline.files import staged_folder
from pipeline.tasks import part
from pipeline.trained import kept_folder, load_model


def main(name: str) -> None:
    """Generate samples of the run `name` of params.yaml."""
    run = config.run_of(config.load(), name)
    decode = part(run.task, "decoding.decode").decode
    encoded, decoding = Path("data/encoded") / run.dataset, run.decoding
    with staged_folder(Path("runs") / name / "samples") as samples:
        for step in (None, *run.training.keep_steps):
            folder = kept_folder(samples, step)
            folder.mkdir(exist_ok=True)
            decoding = decode(load_model(name, run.training, step), encoded, folder, decoding)
