"""No code is made of data, judged by syntax; text of data does nothing to the page."""

import ast
import json
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pipeline import config
from pipeline.reporting import page
from tests.reporting.browser import CHROMIUM, browser
from tests.reporting.scale import write_scale

ROOT = Path(__file__).parents[2]
CODE = sorted(path for folder in ("models", "pipeline") for path in (ROOT / folder).rglob("*.py"))
# Functions that run the code they are given, or read objects that can name code.
FORBIDDEN = {"eval", "exec", "compile", "__import__", "os.system", "os.popen", "yaml.load"}
FORBIDDEN |= {"yaml.unsafe_load", "torch.load", "pickle.load", "pickle.loads", "marshal.loads"}
FORBIDDEN |= {"extractall", "extract", "unpack_archive", "shutil.unpack_archive"}
# The JSB Chorales come pickled: read by an unpickler that can name numpy's arrays and nothing else.
UNPICKLING = {"pipeline/tasks/music/encoding/jsb_archive.py"}


def _calls(path: Path) -> Iterator[tuple[str, ast.Call]]:
    """The calls in a file: the callee as it is written, such as `a.b`, and the node."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield ast.unparse(node.func), node


def _keywords(call: ast.Call) -> dict[str, Any]:
    return {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_code_is_made_of_data(path):
    for name, call in _calls(path):
        last = name.rpartition(".")[2]
        assert name not in FORBIDDEN and last not in {"extractall", "unpack_archive"}, name
        assert _keywords(call).get("shell") != "True", name
        if name == "np.load":
            assert _keywords(call)["allow_pickle"] == "False"
        if name == "YAML":
            assert _keywords(call)["typ"] in ("'safe'", "'rt'")  # neither makes objects of tags
    names = {
        alias.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    modules = {"pickle", "cPickle", "dill", "marshal", "shelve"}
    allowed = {"pickle"} if path.relative_to(ROOT).as_posix() in UNPICKLING else set()
    assert names & modules == allowed


PAYLOADS = (
    "<script>window.injected = 1</script>",
    "\"'><img src=x onerror='window.injected = 2'>",
    "<svg/onload='window.injected = 3'><style>* { display: none !important }</style>",
    "</script></style></title><script>window.injected = 4</script>",
    "javascript:window.injected=5",
    "{{ 7 * 7 }}{% for x in y %}",
    "\u202e\u0000]]>&lt;script&gt;window.injected = 6",
)
# Keys whose values choose our code or files, and are checked when they are read.
_KEPT = {"task", "kind", "dataset", "file", "verdict", "outcome", "relation", "metric", "arxiv"}
# Keys whose tables have keys from the data: reasons, names of files.
_NAMED_BY_DATA = {"dropped", "files"}


def _poisoned(value: Any, numbers: Iterator[int]) -> Any:
    """`value` with a payload instead of each text, and in each key that comes from the data."""
    match value:
        case dict():
            poisoned = {
                key: below if key in _KEPT else _poisoned(below, numbers)
                for key, below in value.items()
            }
            for key in _NAMED_BY_DATA & poisoned.keys():
                poisoned[key] = {
                    f"{name}{PAYLOADS[next(numbers) % len(PAYLOADS)]}": below
                    for name, below in poisoned[key].items()
                }
            return poisoned
        case list():
            return [_poisoned(below, numbers) for below in value]
        case str():
            return PAYLOADS[next(numbers) % len(PAYLOADS)]
        case _:
            return value


def _poison_files(folder: Path) -> int:
    """Put payloads into every text of the JSON files that the page reads; return how many."""
    numbers = iter(range(10**9))
    for path in [*folder.rglob("reports/**/*.json"), *folder.rglob("runs/**/*.json*")]:
        lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
        poisoned = (json.dumps(_poisoned(json.loads(line), numbers)) for line in lines)
        path.write_text("\n".join(poisoned) + "\n")
    return next(numbers)


def _poison_params(path: Path) -> None:
    """Put payloads into every free text of params.yaml."""
    yaml = YAML()
    raw = yaml.load(path)
    # YAML has printable characters only.
    payloads = cycle(payload for payload in PAYLOADS if payload.isprintable())
    for run in raw["runs"].values():
        run["title"] = next(payloads)
    for dataset in raw["datasets"].values():
        dataset["source"].update(origin=next(payloads), licence=next(payloads))
    raw["report"]["title"] = next(payloads)
    yaml.dump(raw, path)


@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")
def test_text_of_data_runs_nothing_and_hides_nothing_in_the_page(tmp_path, monkeypatch):
    scale = tmp_path / "scale"
    scale.mkdir()
    write_scale(scale)
    monkeypatch.chdir(scale)
    assert _poison_files(scale) > 300
    _poison_params(scale / "params.yaml")
    (scale / "page.html").write_text(page.render(config.load()), encoding="utf-8")
    with browser(tmp_path / "profile") as chromium:
        chromium.open(scale / "page.html")
        assert chromium.evaluate("typeof window.injected") == "undefined"
        assert chromium.evaluate("getComputedStyle(document.body).display") != "none"
        assert chromium.evaluate("document.querySelectorAll('script').length") == 1
        links = "[...document.querySelectorAll('[href],[src]')].map(e => e.href || e.src)"
        assert not [link for link in chromium.evaluate(links) if str(link).startswith("javascript")]
        assert chromium.happened("Page.javascriptDialogOpening") == []
