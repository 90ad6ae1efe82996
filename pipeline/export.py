"""Write a trained network in a format that other programs load.

    python -m pipeline export music_relative --format onnx --to exported
    python -m pipeline export translation_sinusoid --format ctranslate2 --to exported
    python -m pipeline export translation_sinusoid --format huggingface --to exported

onnx: graphs for onnxruntime, in Python, C++, Java or a browser: decoder.onnx and, if there is a
source, encoder.onnx. Needs pip install -e ".[onnx]". ctranslate2: a folder that
ctranslate2.Translator loads. Needs pip install -e ".[ctranslate2]". huggingface: a Pegasus model,
which transformers loads. Each has what the ids mean, and config.json. The run is one of params.yaml
that is trained, or one that is pretrained.
"""

import shutil
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path

from models import store
from pipeline.errors import CheckpointError, ConfigError
from pipeline.exporting.onnx_files import write_onnx
from pipeline.files import staged_folder
from pipeline.networks import Network, network_named
from pipeline.publishing.publication import publication_of
from pipeline.tasks import part


class Format(StrEnum):
    """A format of networks."""

    ONNX = "onnx"
    CTRANSLATE2 = "ctranslate2"
    HUGGINGFACE = "huggingface"


# The module of a task that writes a format of others; a task without it is not exported.
_OF_TASK = {Format.CTRANSLATE2: "export", Format.HUGGINGFACE: "huggingface"}


def main(name: str, chosen: str, folder: Path) -> None:
    """Write the network of the run `name` into `folder`, which is replaced."""
    network = network_named(name)
    with staged_folder(folder) as new:
        try:
            _write(network, Format(chosen), new)
        except ValueError as error:
            raise ConfigError(f"--format {chosen}, runs.{name}: {error}") from None
    print(f"{folder}: {', '.join(sorted(path.name for path in folder.iterdir()))}")


def _write(network: Network, chosen: Format, folder: Path) -> None:
    """Write a network into an empty folder; ValueError if it does not fit the format."""
    task = network.run.task
    try:
        model = store.load(network.model)
    except ValueError as error:
        raise CheckpointError(str(error)) from None
    match chosen:
        case Format.ONNX:
            write_onnx(model, folder)
            shutil.copy(network.model / store.CONFIG, folder)
            for file in publication_of(task).read_by_command:
                shutil.copy(network.encoded / file, folder)
        case Format.CTRANSLATE2 | Format.HUGGINGFACE:
            if find_spec(f"pipeline.tasks.{task}.{_OF_TASK[chosen]}") is None:
                raise ValueError(f"task = {task} has no such format; choose onnx")
            if chosen is Format.CTRANSLATE2 and find_spec("ctranslate2") is None:
                raise ValueError('the package is missing; run pip install -e ".[ctranslate2]"')
            part(task, _OF_TASK[chosen]).export_network(model, network.encoded, folder)
