"""The whole pipeline at the smoke scale, through dvc, in fresh copies of the working tree."""

import json
import math
import re
import resource
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pyarrow import parquet
from ruamel.yaml import YAML

from faults import kills
from faults.copies import call, commit, fresh_copy

RUNS = {
    "translation_sinusoid": "translation",
    "image_local_2d": "image",
    "music_relative": "music",
}

VERDICTS = {"reproduced", "contradicted", "inconclusive", "not_run"}


def hashes(folder: Path) -> dict[str, str]:
    lock = YAML(typ="safe", pure=True).load((folder / "dvc.lock").read_text())
    return {
        out["path"]: out["md5"]
        for stage in lock["stages"].values()
        for out in stage.get("outs", [])
    }


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = fresh_copy(tmp_path_factory.mktemp("with spaces and ümlauts"))
    call(folder, "dvc", "repro")
    commit(folder)
    return folder


@pytest.mark.parametrize(("run", "task"), RUNS.items())
def test_metrics_are_nested_by_task_and_lie_where_they_can(finished, run, task):
    metrics = json.loads((finished / f"reports/measurements/{run}.json").read_text())
    name, low, high = {
        "translation": ("nats_per_token", 1.0, math.log(1000) + 1),
        "image": ("bits_per_dimension", 2.0, math.log2(17) + 0.5),
        "music": ("nats_per_token", 1.0, math.log(129) + 0.5),
    }[task]
    assert low < metrics[task]["test"][name] < high
    assert metrics["model"]["steps"] == 12


def test_weights_that_are_kept_and_other_searches_are_measured_too(finished):
    for run, task in RUNS.items():
        metrics = json.loads((finished / f"reports/measurements/{run}.json").read_text())[task]
        assert metrics["steps"]["6"].keys() == metrics["test"].keys()
        assert metrics["steps"]["6"] != metrics["test"]
        records = parquet.read_table(finished / f"reports/records/{run}.parquet")
        splits = {"test", "test@6"} | ({"test@greedy"} if task == "translation" else set())
        assert {*records["split"].to_pylist()} - {"validation"} == splits


def test_report_shows_every_run(finished):
    page = (finished / "reports/index.html").read_text()
    assert all(run in page for run in RUNS)


def test_dvc_shows_a_number_of_each_run_in_a_narrow_table(finished):
    shown = json.loads(call(finished, "dvc", "metrics", "show", "--json"))[""]["data"]
    assert set(shown.pop("reports/verdicts.json")["data"]) == VERDICTS
    found = {path: list(each["data"]) for path, each in shown.items()}
    names = {"translation": ["bleu"], "image": ["bits"], "music": ["nats"]}
    assert found == {f"reports/metrics/{run}.json": names[task] for run, task in RUNS.items()}
    table = call(finished, "dvc", "metrics", "show").splitlines()
    assert max(map(len, table)) <= 120


def test_dvc_shows_plots(finished):
    plots = json.loads(call(finished, "dvc", "plots", "show", "--json"))
    assert any("music_relative.csv" in name for name in plots["data"])


def test_again_nothing_is_run(finished):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert "up to date" in call(finished, "dvc", "repro")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    # Processor time: the wall time of a busy machine says nothing.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 5.0


def test_a_second_machine_gets_the_same_hashes(finished, tmp_path):
    second = fresh_copy(tmp_path)
    shutil.copy(finished / "dvc.lock", second)
    commit(second)
    call(second, "dvc", "repro")
    assert hashes(second) == hashes(finished)
    shown = call(second, sys.executable, "pipeline", "verify")
    assert f"{len(hashes(finished))} of {len(hashes(finished))} outputs are the same" in shown


def test_verify_names_what_differs(finished, tmp_path):
    second = tmp_path / "clone"
    call(tmp_path, "git", "clone", "-q", str(finished), str(second))
    lock = (second / "dvc.lock").read_text()
    digest = hashes(finished)["data/encoded/chorales"]
    (second / "dvc.lock").write_text(lock.replace(digest, "0" * 32 + ".dir"))
    (second / "data/encoded/chorales").mkdir(parents=True)
    done = subprocess.run(
        [sys.executable, "pipeline", "verify"], cwd=second, capture_output=True, text=True
    )
    assert done.returncode == 1
    assert "differs  data/encoded/chorales" in done.stdout
    assert "missing  data/encoded/digits" in done.stdout


@pytest.mark.parametrize(
    ("moved", "evaluated", "state"),
    [(0.99, True, "within"), (1.01, True, "differs"), (0.0, False, "differs")],
)
def test_verify_tells_a_model_of_the_same_worth_from_another(
    finished, tmp_path, moved, evaluated, state
):
    clone = tmp_path / "clone"
    shutil.copytree(finished, clone, symlinks=True)
    lock, digests = (clone / "dvc.lock").read_text(), hashes(clone)
    for path in ("runs/image_local_2d/model", "reports/index.html"):
        lock = lock.replace(digests[path], digests[path][::-1], -1 if evaluated else 1)
    (clone / "dvc.lock").write_text(lock)
    metrics = clone / "reports/measurements/image_local_2d.json"
    content = json.loads(metrics.read_text())
    test, name = content["image"]["test"], "bits_per_dimension"
    test[name] += moved * (test[f"{name}_high"] - test[name])
    metrics.write_text(json.dumps(content))
    done = subprocess.run(
        [sys.executable, "pipeline", "verify"], cwd=clone, capture_output=True, text=True
    )
    assert done.returncode == (state == "differs"), done.stderr
    assert f"{state:8} runs/image_local_2d/model" in done.stdout
    assert f"{state:8} reports/index.html" in done.stdout
    assert "same     runs/image_local_2d/samples" in done.stdout


def test_a_clone_judges_from_git_alone_and_writes_the_same(finished, tmp_path):
    clone = tmp_path / "clone"
    call(tmp_path, "git", "clone", "-q", str(finished), str(clone))
    assert {path.stem for path in (clone / "reports/records").iterdir()} == set(RUNS)
    assert not (clone / "runs").exists()
    for name in ("claims", "comparisons", "verdicts"):
        (clone / f"reports/{name}.json").unlink()
    printed = call(clone, sys.executable, "-m", "pipeline", "judge")
    assert re.search(r"\d+ claims: \d+ reproduced, ", printed)
    assert call(clone, "git", "status", "--porcelain") == ""


def test_an_experiment_re_runs_what_depends_on_it(finished, tmp_path):
    clone = tmp_path / "clone"
    shutil.copytree(finished, clone, symlinks=True)
    change = "runs.image_local_2d.decoding.sampling.temperature=0.5"
    printed = call(clone, "dvc", "exp", "run", "--name", "colder", "-S", change)
    started = [line for line in printed.splitlines() if line.startswith("Running stage")]
    assert [line.split("'")[1] for line in started] == [
        "check",
        "decode@image_local_2d",
        "evaluate@image_local_2d",
        "judge",
        "report",
    ]
    shown = call(clone, "dvc", "exp", "show", "--csv")
    assert "colder" in shown
    assert "bits" in shown
    assert "0.5" in call(clone, "dvc", "params", "diff")


def test_a_wrong_experiment_is_refused_before_any_output_is_removed(finished, tmp_path):
    clone = tmp_path / "clone"
    shutil.copytree(finished, clone, symlinks=True)
    wrong = "runs.image_local_2d.decoding.sampling.top_p=1.5"
    with pytest.raises(AssertionError, match="failed to reproduce 'check'"):
        call(clone, "dvc", "exp", "run", "-S", wrong)
    assert (clone / "runs/image_local_2d/samples").is_dir()
    assert call(clone, "git", "status", "--porcelain") == " M params.yaml\n"


def test_push_clone_pull_is_up_to_date(finished, tmp_path):
    remote, second = tmp_path / "remote", tmp_path / "clone"
    call(finished, "dvc", "remote", "add", "--local", "--force", "storage", str(remote))
    call(finished, "dvc", "push", "-r", "storage")
    call(tmp_path, "git", "clone", "-q", str(finished), str(second))
    call(second, "dvc", "remote", "add", "--local", "storage", str(remote))
    call(second, "dvc", "pull", "-r", "storage")
    assert "up to date" in call(second, "dvc", "status")
    assert "up to date" in call(second, "dvc", "repro")


@pytest.mark.parametrize(
    ("stage", "target", "seconds"),
    [
        ("encode@chorales", kills.Target.DVC, 1.0),
        ("train@image_local_2d", kills.Target.STAGE, 2.0),
        ("train@image_local_2d", kills.Target.GROUP, 0.5),
    ],
)
def test_a_kill_loses_nothing_and_leaves_nothing(finished, tmp_path, stage, target, seconds):
    """faults/crashes.py does it a hundred times."""
    clone = tmp_path / "clone"
    shutil.copytree(finished, clone, symlinks=True)
    outcome = kills.kill(clone, stage, target, seconds, kills.contents(finished))
    assert outcome.well, outcome


def test_a_lock_that_stays_is_told(tmp_path):
    (tmp_path / ".dvc/tmp").mkdir(parents=True)
    rwlock = tmp_path / ".dvc/tmp/rwlock"
    rwlock.write_text("{}")
    assert kills._locks(tmp_path) == []
    rwlock.write_text('{"/clone/runs": {"write": {"pid": 7, "cmd": "dvc repro"}}}')
    assert kills._locks(tmp_path) == ["/clone/runs: {'write': {'pid': 7, 'cmd': 'dvc repro'}}"]


def test_two_at_once_do_not_disturb_each_other(finished, tmp_path):
    clone = tmp_path / "clone"
    shutil.copytree(finished, clone, symlinks=True)
    kills.forget(clone, "encode@digits")
    kills.forget(clone, "encode@chorales")
    with ThreadPoolExecutor(2) as pool:
        (_, first), (_, second) = pool.map(kills.repro, [clone, clone])
    assert not (first and second)
    for failed in first + second:
        assert re.search("dvc is at work here|is busy, it is being blocked by", failed), failed
        assert "Traceback" not in failed
    assert kills.contents(clone) == kills.contents(finished)
