"""pretrained/ holds what its cards say, and a network only gives way to a better one."""

import hashlib
import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from ruamel.yaml import YAML

from models import store
from models.build import build
from models.settings import Structure
from pipeline import networks, pretrained
from pipeline.config import Params
from pipeline.corpus import write_sequences
from pipeline.errors import ConfigError, DataError
from pipeline.files import read_json, sha256_of, write_json
from pipeline.networks import ORIGIN, PRETRAINED, network_of
from tests.models.networks import sequences, settings

ROOT = Path(__file__).parents[1]
TASKS = ("translation", "image", "music")
LOCK = YAML(typ="safe", pure=True).load(ROOT / "dvc.lock")["stages"]
RUN = "music_relative"


def dvc_md5(folder: Path) -> str:
    """The md5 by which dvc knows a folder: of the list of its files."""
    files = [
        {"md5": hashlib.md5(path.read_bytes()).hexdigest(), "relpath": path.name}
        for path in sorted(folder.iterdir())
    ]
    return hashlib.md5(json.dumps(files, sort_keys=True).encode()).hexdigest() + ".dir"


def test_git_holds_a_network_for_each_of_the_lecture_s_tasks():
    assert {path.name for path in PRETRAINED.iterdir()} == set(TASKS)
    assert sum(path.stat().st_size for path in PRETRAINED.rglob("*") if path.is_file()) < 14e6


@pytest.mark.parametrize("task", TASKS)
def test_every_file_is_the_one_that_was_measured(task):
    folder = PRETRAINED / task
    origin = read_json(folder / ORIGIN)
    found = {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in folder.rglob("*")
        if path.is_file() and path.name != ORIGIN
    }
    assert found == origin["sha256"]
    assert dvc_md5(folder / "model") == origin["model"]
    assert read_json(folder / "metrics.json")[task]["test"][origin["metric"]] == origin["score"]
    assert f"The network of the run `{origin['run']}`" in (folder / "README.md").read_text()


@pytest.mark.parametrize("task", TASKS)
def test_no_network_of_the_default_scale_is_better_than_the_one_in_git(task):
    """Either it is the one of dvc.lock, or one with a better score."""
    origin = read_json(PRETRAINED / task / ORIGIN)
    name, key = origin["run"], origin["metric"]
    (locked,) = [
        out["md5"] for out in LOCK[f"train@{name}"]["outs"] if out["path"] == f"runs/{name}/model"
    ]
    score = read_json(ROOT / f"reports/measurements/{name}.json")[task]["test"][key]
    higher = key == "bleu"
    assert locked == origin["model"] or (
        origin["score"] >= score if higher else origin["score"] <= score
    )


@pytest.fixture
def params(scale: Params, tmp_path: Path, monkeypatch) -> Params:
    """A scale with the trained network of RUN in a committed dvc.lock, and no pretrained/."""
    for module in (pretrained, networks):
        monkeypatch.setattr(module, "PRETRAINED", tmp_path / "pretrained")
    train()
    encoded = Path("data/encoded/chorales")
    encoded.mkdir(parents=True)
    (encoded / "manifest.json").write_text("{}")
    pieces = [np.arange(9), np.arange(5)]
    write_sequences(encoded, "train", "tokens", pieces, np.dtype(np.int16))
    return scale


def train(seed: int = 1) -> bytes:
    """Write a network of that seed as the model of RUN, commit dvc.lock, return its weights."""
    torch.manual_seed(seed)
    model = Path("runs") / RUN / "model"
    model.mkdir(exist_ok=True)
    store.save(build(settings(Structure.DECODER), sequences(130, 129)), model)
    outs = [{"path": f"runs/{RUN}/model", "md5": dvc_md5(model)}]
    YAML().dump({"stages": {f"train@{RUN}": {"outs": outs}}}, Path("dvc.lock"))
    git("init", "--quiet")
    git("add", "dvc.lock")
    git(
        "-c",
        "user.name=a",
        "-c",
        "user.email=a@b",
        "commit",
        "--quiet",
        "--allow-empty",
        "-m",
        "lock",
    )
    return (model / store.WEIGHTS).read_bytes()


def git(*arguments: str) -> str:
    return subprocess.check_output(["git", *arguments], text=True).strip()


def score(nats: float) -> None:
    path = Path(f"reports/measurements/{RUN}.json")
    measured = read_json(path)
    measured["music"]["test"]["nats_per_token"] = nats
    write_json(path, measured)


def test_a_network_gives_way_to_a_better_one_alone(params, tmp_path):
    folder = tmp_path / "pretrained/music"
    score(0.5)
    first = train()
    assert pretrained.keep(RUN, params) == f"pretrained/music: {RUN}, nats per token 0.500"
    second = train(seed=2)
    for worse in (0.6, 0.5):
        score(worse)
        assert "is not better than music_relative with 0.500" in pretrained.keep(RUN, params)
        assert (folder / "model" / store.WEIGHTS).read_bytes() == first
    score(0.4)
    pretrained.keep(RUN, params)
    assert (folder / "model" / store.WEIGHTS).read_bytes() == second != first
    origin = read_json(folder / ORIGIN)
    assert (origin["score"], origin["longest"]) == (0.4, {"tokens": 9})
    assert origin["commit"] == git("rev-parse", "HEAD") != git("rev-parse", "HEAD~1")


def test_scores_on_other_data_are_not_compared(params):
    pretrained.keep(RUN, params)
    dataset = params.datasets["chorales"]
    encoding = dataset.encoding.model_copy(update={"max_skipped": 0.5})
    other = {**params.datasets, "chorales": dataset.model_copy(update={"encoding": encoding})}
    with pytest.raises(DataError, match="measured on other data than music_relative"):
        pretrained.keep(RUN, params.model_copy(update={"datasets": other}))


def test_a_network_that_no_commit_knows_is_refused(params):
    Path("dvc.lock").write_text(Path("dvc.lock").read_text().replace(".dir", "0.dir"))
    with pytest.raises(DataError, match="dvc.lock: .*0.dir is in no commit; commit dvc.lock first"):
        pretrained.keep(RUN, params)
    Path("dvc.lock").unlink()
    with pytest.raises(DataError, match="^dvc.lock: has no model of music_relative; run `dvc"):
        pretrained.keep(RUN, params)


def test_a_command_takes_what_is_trained_here_before_what_is_pretrained(params):
    assert network_of("music", RUN).origin is None  # by its name
    pretrained.keep(RUN, params)
    here = network_of("music", None)
    assert (here.name, here.origin, here.longest("tokens")) == (RUN, None, 9)
    assert here.model == Path("runs") / RUN / "model"
    shutil.rmtree("runs")
    for name in (None, RUN):
        there = network_of("music", name)
        assert (there.name, there.longest("tokens")) == (RUN, 9)
        assert there.model == networks.PRETRAINED / "music/model"
        assert there.run == params.runs[RUN] and list(there.params.runs) == [RUN]
        assert there.introduction("in F").startswith(
            f"{RUN}, pretrained: {there.run.title}, in F, trained on Four-part chorales by J. S."
        )
    Path("params.yaml").unlink()  # as anywhere else
    assert network_of("music", None).origin is not None


def test_in_a_scale_with_one_run_of_the_task_that_is_the_network(params):
    pretrained.keep(RUN, params)
    only = {"mine": params.runs[RUN]}
    YAML().dump(
        params.model_copy(update={"runs": only}).model_dump(mode="json"), Path("params.yaml")
    )
    assert network_of("music", None).origin is not None  # not trained yet
    shutil.copytree(f"runs/{RUN}/model", "runs/mine/model")
    assert network_of("music", None).name == "mine"


def test_without_any_network_a_run_has_to_be_named(params):
    with pytest.raises(ConfigError, match="music/origin.json: no such file; name a run of params"):
        network_of("music", None)
    with pytest.raises(ConfigError, match="runs.musik does not exist"):
        network_of("music", "musik")
