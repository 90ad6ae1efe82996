"""The trained network that a command uses: one of the current scale, or a pretrained one.

pretrained/<task>/ is the network of a task that git holds, for commands in a fresh clone;
`python -m pipeline pretrained` writes it. Imports no torch until a network is loaded.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pipeline import config
from pipeline.config import PARAMS, AnyRun, Dataset, Params
from pipeline.errors import CheckpointError, ConfigError
from pipeline.files import read_json
from pipeline.settings.training import Training

if TYPE_CHECKING:
    from models.shared.base import Model

PRETRAINED = Path(__file__).parents[1] / "pretrained"
ORIGIN = "origin.json"  # in the folder of a pretrained network: which it is


@dataclass(frozen=True)
class Network:
    """A trained network with the settings that it was made with, and where its files are."""

    name: str  # of its run
    params: Params
    model: Path
    encoded: Path  # what its ids mean
    samples: Path  # of its decode stage
    origin: dict[str, Any] | None  # ORIGIN; None for a network of the current scale

    @property
    def run(self) -> AnyRun:
        """The settings of its run."""
        return config.run_of(self.params, self.name)

    @property
    def dataset(self) -> Dataset:
        """The settings of its data set."""
        return self.params.datasets[self.run.dataset]

    def introduction(self, *more: str) -> str:
        """Say in a line which network answers, what `more` it is, and of what domain."""
        name = self.name if self.origin is None else f"{self.name}, pretrained"
        data = " ".join(self.dataset.source.origin.split())
        return f"{name}: {', '.join((self.run.title, *more))}, trained on {data}"

    def longest(self, field: str) -> int:
        """Return the ids of the longest training record in a field of the encoded data."""
        if self.origin is not None:
            return self.origin["longest"][field]
        from pipeline.corpus import read_sequences  # here, because numpy takes time to import

        return int(read_sequences(self.encoded, "train", field).lengths.max())

    def load(self, training: Training) -> "Model":
        """Load it on the device of `training`, with its numerics.

        Raises CheckpointError if it is missing or damaged, ConfigError if the device is not
        available.
        """
        from models import store  # here, because torch takes a second to import
        from pipeline.determinism import compute_deterministically
        from pipeline.machine import check_device
        from pipeline.memory import keep_freed_memory

        check_device(self.name, training)
        keep_freed_memory()
        compute_deterministically(training.threads, training.numerics)
        try:
            return store.load(self.model, training.device)
        except ValueError as error:
            raise CheckpointError(str(error)) from None


def network_of(task: str, name: str | None) -> Network:
    """Return the network of the run `name`, or without a name that of a command of `task`.

    That is the run that is pretrained, or the only one of its task in params.yaml, if it is trained
    here, else the pretrained network. Also a run with a name is the pretrained one if it is not
    trained here. Raises ConfigError if there is none.
    """
    pretrained = PRETRAINED / task / ORIGIN
    origin = read_json(pretrained) if pretrained.exists() else None
    known = None if origin is None else origin["run"]
    here = config.load() if PARAMS.exists() else None
    if name is None:
        runs = [] if here is None else [each for each, run in here.runs.items() if run.task == task]
        name = runs[0] if len(runs) == 1 and _is_trained(runs[0]) else known
    if name is None:
        raise ConfigError(f"{pretrained}: no such file; name a run of {PARAMS} with --run")
    if name == known and (here is None or name not in here.runs or not _is_trained(name)):
        return pretrained_in(pretrained.parent)
    params = config.load() if here is None else here
    dataset = config.run_of(params, name).dataset
    folder = Path("runs") / name
    encoded = Path("data/encoded") / dataset
    return Network(name, params, folder / "model", encoded, folder / "samples", None)


def network_named(name: str) -> Network:
    """Return the network of the run `name`, whatever its task; see `network_of`."""
    origins = PRETRAINED.glob(f"*/{ORIGIN}")
    tasks = [path.parent.name for path in origins if read_json(path)["run"] == name]
    return network_of(tasks[0] if tasks else "", name)


def _is_trained(name: str) -> bool:
    return (Path("runs") / name / "model").is_dir()


def pretrained_in(folder: Path) -> Network:
    """Return the pretrained network in the folder of a task."""
    origin = read_json(folder / ORIGIN)
    params = config.load(folder / PARAMS.name)
    parts = (folder / part for part in ("model", "encoded", "samples"))
    return Network(origin["run"], params, *parts, origin)
