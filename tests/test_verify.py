import json
import shutil
import subprocess
from pathlib import Path

import pytest

from pipeline import processor, verify
from pipeline.files import read_json, write_json
from pipeline.reporting import machines

COMMITTED = {"denoised": 28.987, "largest": 0.0}
LOCK = """
stages:
  demonstrate@denoising:
    deps: [{path: data/raw/photographs, md5: aa}]
    outs:
    - {path: runs/denoising/figures, md5: DIGEST}
    - {path: reports/measurements/denoising.json, md5: DIGEST}
  report:
    outs: [{path: reports/index.html, md5: DIGEST}]
"""


@pytest.mark.parametrize(
    ("numbers", "state"),
    [
        ({"denoised": 29.0, "largest": 0.0005}, "within"),
        ({"denoised": 29.05, "largest": 0.0}, "differs"),
        ({"denoised": 28.987, "largest": 0.002}, "differs"),
        ({"largest": 0.0}, "differs"),
    ],
)
def test_a_demonstration_is_the_same_but_for_roundings(
    numbers, state, tmp_path, monkeypatch, capsys
):
    committed = {
        verify.LOCK: LOCK.replace("DIGEST", "bb"),
        verify.MEASUREMENTS / "denoising.json": json.dumps({"demonstration": COMMITTED}),
    }
    monkeypatch.setattr(verify, "_committed", committed.get)
    monkeypatch.setattr(verify.machines, "record", lambda machine: None)
    monkeypatch.setattr(verify, "_machine", lambda same, of: None)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "dvc.lock").write_text(LOCK.replace("DIGEST", "cc"))
    (tmp_path / "runs/denoising/figures").mkdir(parents=True)
    write_json(verify.MEASUREMENTS / "denoising.json", {"demonstration": numbers})
    (tmp_path / "reports/index.html").touch()
    if state == "within":
        verify.main()
    else:
        with pytest.raises(SystemExit):
            verify.main()
    states = [line.split()[0] for line in capsys.readouterr().out.splitlines()[:-1]]
    assert states == [state] * 3


SCALE = Path(__file__).parent / "smoke" / "params.yaml"
PAGE = """
stages:
  train@a:
    outs: [{path: runs/a/model, md5: aa}]
  report:
    deps: [{path: ../reports/machines.json, md5: LIST}]
    outs: [{path: reports/index.html, md5: PAGE}]
"""


@pytest.fixture
def finished(tmp_path, monkeypatch):
    """A scale named mine as a repository, all of whose outputs are the same."""
    folder = tmp_path / "mine"
    (folder / "runs/a/model").mkdir(parents=True)
    (folder / "reports").mkdir()
    (folder / "reports/index.html").touch()
    shutil.copy(SCALE, folder / "params.yaml")
    (folder / "dvc.lock").write_text(PAGE.replace("LIST", "old").replace("PAGE", "bb"))
    author = ("-c", "user.name=a", "-c", "user.email=a@b")
    monkeypatch.chdir(folder)
    for command in ("init", "-q"), ("add", "-A"), (*author, "commit", "-qm", "x"):
        subprocess.run(["git", *command], check=True)
    monkeypatch.setattr(machines, "FILE", tmp_path / "machines.json")
    return folder


def entry():
    """The only entry of the file."""
    (found,) = read_json(machines.FILE)
    return found


def test_the_processor_and_the_result_are_recorded(finished, monkeypatch, tmp_path):
    information = tmp_path / "cpuinfo"
    information.write_text(
        "processor\t: 0\nvendor_id\t: AuthenticAMD\nmodel name\t: AMD EPYC 7B13\n"
        "flags\t\t: fpu fma avx avx2 sse4_1\n"
    )
    monkeypatch.setattr(processor, "_INFORMATION", information)
    verify.main()
    found = entry()
    assert {key: found[key] for key in ("processor", "vendor", "instructions")} == {
        "processor": "AMD EPYC 7B13",
        "vendor": "AuthenticAMD",
        "instructions": "AVX2",
    }
    commit = subprocess.check_output(["git", "log", "-1", "--format=%h"], text=True).strip()
    assert (found["scale"], found["threads"], found["commit"]) == ("mine", [1], commit)
    assert (found["same"], found["of"]) == (2, 2)


def test_a_later_result_replaces_the_entry_of_its_processor_and_scale(finished):
    verify.main()
    (finished / "dvc.lock").write_text(PAGE.replace("LIST", "old").replace("PAGE", "other"))
    with pytest.raises(SystemExit):
        verify.main()
    assert (entry()["same"], entry()["of"]) == (1, 2)


def test_a_page_with_another_list_of_machines_is_left_out(finished, capsys):
    (finished / "dvc.lock").write_text(PAGE.replace("LIST", "new").replace("PAGE", "other"))
    verify.main()
    assert "reports/index.html" not in capsys.readouterr().out
    assert (entry()["same"], entry()["of"]) == (1, 1)


def test_an_unfinished_run_is_not_recorded(finished):
    shutil.rmtree(finished / "runs/a/model")
    with pytest.raises(SystemExit):
        verify.main()
    assert not machines.FILE.exists()
