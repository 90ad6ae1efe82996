"""play.html: the pretrained networks, which run in the reader's browser.

Nothing is computed on a server: play/ has the networks as ONNX graphs, the scripts of each task,
and ONNX Runtime for browsers, which is not in git because of its size. It is the archive of the
package registry with this sha256; ATTENTION_MIRROR may hold it, and a copy stays in .work/.
"""

import shutil
import tarfile
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from jinja2 import FileSystemLoader, PrefixLoader

from pipeline.errors import DataError
from pipeline.files import staged_folder, write_json
from pipeline.networks import PRETRAINED, Network, pretrained_in
from pipeline.publishing.pages import environment
from pipeline.publishing.preview import Preview
from pipeline.publishing.publication import publication_of
from pipeline.reporting.inline import STYLE
from pipeline.settings.sources import UrlSource
from pipeline.sources import fetch
from pipeline.tasks import specs

PAGE, FOLDER = "play.html", "play"
RUNTIME = UrlSource(
    kind="url",
    address="https://registry.npmjs.org/onnxruntime-web/-/onnxruntime-web-1.30.0.tgz",
    file="onnxruntime-web-1.30.0.tgz",
    sha256="d2228df7e4616bc3348bf504ee888f3bec43789a273f0a63f3e68d203ce3bf71",
    origin="ONNX Runtime Web 1.30.0",
    licence="MIT",
)
_KEPT = Path(".work/onnxruntime-web")
_RUNTIME_FILES = (
    "ort.wasm.min.mjs",
    "ort-wasm-simd-threaded.mjs",
    "ort-wasm-simd-threaded.wasm",
)
_HERE = Path(__file__).parent


def can_play() -> bool:
    """Whether there are networks, and the packages that write their graphs."""
    return bool(_tasks()) and all(find_spec(name) for name in ("onnx", "onnxscript"))


def write_play(title: str, site: str | None, folder: Path) -> None:
    """Write play.html and play/ into `folder`; DataError if the runtime cannot be fetched.

    `title` is that of the report, `site` the address that the folder will have.
    """
    to = folder / FOLDER
    shutil.copytree(_HERE / FOLDER, to)
    shutil.copy(STYLE, to / "page.css")
    runtime = _write_runtime(to / "ort")
    networks = {task: pretrained_in(PRETRAINED / task) for task in _tasks()}
    about = {task: _write_network(network, to / task) for task, network in networks.items()}
    write_json(to / "networks.json", {"runtimeBytes": runtime, "networks": about})
    templates = {task: FileSystemLoader(publication_of(task).player.templates) for task in networks}
    preview = Preview(
        title=f"Play with the networks: {title}",
        description="Small Transformers that run in your browser: type a sentence, draw half a "
        "digit, play a motif.",
        page=PAGE,
        site=site,
    )
    page = (
        environment(PrefixLoader(templates))
        .get_template(PAGE)
        .render(
            preview=preview,
            networks=about,
            introductions={task: network.introduction() for task, network in networks.items()},
            runtime=RUNTIME.origin.split()[-1],
        )
    )
    (folder / PAGE).write_text(page + "\n", encoding="utf-8", newline="\n")


def _tasks() -> list[str]:
    """Return the tasks that have a pretrained network, and a player of it."""
    return [
        task
        for task in specs()
        if (PRETRAINED / task).is_dir() and publication_of(task).player is not None
    ]


def _write_runtime(folder: Path) -> int:
    """Write the runtime; return the bytes of its largest file, which is loaded with a network."""
    if not (_KEPT / RUNTIME.file).exists():
        with staged_folder(_KEPT) as new:
            fetch(RUNTIME, new)
    folder.mkdir()
    with tarfile.open(_KEPT / RUNTIME.file) as archive:
        for name in _RUNTIME_FILES:
            member = archive.extractfile(f"package/dist/{name}")
            if member is None:
                raise DataError(f"{_KEPT / RUNTIME.file}: has no {name}; delete the folder")
            (folder / name).write_bytes(member.read())
    return (folder / _RUNTIME_FILES[-1]).stat().st_size


def _write_network(network: Network, folder: Path) -> dict[str, Any]:
    """Write graphs, card and scripts of a network; return what the scripts have to know of it."""
    from models import store  # here, because torch takes a second to import
    from pipeline.exporting.onnx_files import write_onnx

    folder.mkdir()
    model = store.load(network.model)
    player = publication_of(network.run.task).player
    paths = write_onnx(model, folder)
    shutil.copy(network.model.parent / "README.md", folder)
    settings = model.settings
    return {
        "folder": folder.name,
        "graphs": [path.stem for path in paths],
        "bytes": sum(path.stat().st_size for path in paths),
        "cache": {
            "layers": settings.num_layers,
            "heads": settings.num_heads,
            "width": settings.d_model // settings.num_heads,
        },
        **player.write(model, network.encoded, folder),
    }
