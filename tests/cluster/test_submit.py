"""What is queued, in what order, and what is told; SLURM and dvc are programs that pretend."""

import json
import os
import re
import sys
from itertools import pairwise
from pathlib import Path

import pytest

from pipeline import submit
from pipeline.cluster import graph
from pipeline.cluster.scripts import LOGS, log_of
from pipeline.cluster.settings import FILE
from pipeline.errors import ConfigError, PipelineError
from pipeline.runs import STAGES

FIRST, SECOND = "music_relative", "image_local_2d"
# The second starts from the first, as far as the graph says.
CHAIN = ["check", "encode@a", *(f"{stage}@{FIRST}" for stage in STAGES), "judge"]
DVC = """#!{python}
import sys
from itertools import pairwise
from pathlib import Path
*_, verb, last = sys.argv
print(Path(verb).read_text() if verb in ("status", "dag") else "")
if verb == "--force":
    with Path("committed").open("a") as file:
        print(last, file=file)
"""
SBATCH = """#!{python}
import json, sys
from pathlib import Path
text = sys.stdin.read()
if "#SBATCH --partition=wrong" in text:
    sys.exit("sbatch: error: invalid partition specified: wrong")
number = len(Path("sbatch").read_text().splitlines()) + 101
with Path("sbatch").open("a") as file:
    print(json.dumps([number, sys.argv[1:], text]), file=file)
print(number)
"""
SQUEUE = "#!/bin/sh\ncat squeue\n"
SCONTROL = "#!/bin/sh\necho $* >> scontrol\n"


@pytest.fixture(autouse=True)
def cluster(scale, tmp_path, monkeypatch) -> None:
    """The folder of a scale of which the stages in CHAIN are not up to date."""
    (tmp_path / "bin").mkdir()
    programs = {"dvc": DVC, "sbatch": SBATCH, "squeue": SQUEUE, "scontrol": SCONTROL}
    for name, program in programs.items():
        (tmp_path / "bin" / name).write_text(program.format(python=sys.executable))
        (tmp_path / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}/bin{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setattr(graph, "command_of", lambda stage: f"echo {stage} >> made")
    monkeypatch.setattr(graph, "code", lambda: "..")
    second = [f"{stage}@{SECOND}" for stage in STAGES]
    edges = [
        *pairwise(CHAIN[1:]),
        (CHAIN[2], second[0]),
        *pairwise([*second, "judge"]),
    ]
    Path("dag").write_text('"check";\n' + "".join(f'"{a}" -> "{b}";\n' for a, b in edges))
    Path("status").write_text(json.dumps({"check": [], "encode@a": []}))
    for name in ("sbatch", "squeue", "made"):
        Path(name).write_text("")
    write_settings()


def write_settings(push: bool = False, **options: str) -> None:
    asked = {"here": ["check"], "processes_per_node": 4, "push": push, "options": {"*": options}}
    FILE.write_text(json.dumps(asked))


def queued() -> dict[str, tuple[int, str]]:
    """The number and the dependency of each job that was queued, by stage."""
    found = {}
    for line in Path("sbatch").read_text().splitlines():
        number, arguments, text = json.loads(line)
        (name,) = re.findall("--job-name=(.+):", text)
        (after,) = [each for each in arguments if each.startswith("--dependency=")]
        assert "--requeue" in arguments
        found[name] = number, after.removeprefix("--dependency=")
    return found


def in_queue(stage: str, state: str, reason: str = "None", restarts: int = 0, folder=None) -> None:
    with Path("squeue").open("a") as file:
        name = f"{stage}:{folder or Path.cwd()}"
        print(f"55|{state}|{reason}|n1|{restarts}|{name}|", file=file)


def status(capsys) -> dict[str, str]:
    capsys.readouterr()
    submit.main([], [], "status")
    return dict(line.split(": ", 1) for line in capsys.readouterr().out.splitlines())


def test_jobs_wait_for_those_that_they_depend_on():
    submit.main([], [], "submit")
    jobs = queued()
    number = {stage: str(job) for stage, (job, _) in jobs.items()}
    assert Path("made").read_text() == "check\n" == Path("committed").read_text()
    assert "check" not in jobs and len(jobs) == 8
    assert jobs["encode@a"][1] == "singleton"
    for stage, after in (
        (f"train@{FIRST}", ["encode@a"]),
        (f"train@{SECOND}", [f"train@{FIRST}"]),
        ("judge", [f"evaluate@{FIRST}", f"evaluate@{SECOND}"]),
    ):
        waits_for = {f"afterok:{number[other]}" for other in after}
        assert {*jobs[stage][1].split(",")} == {"singleton", *waits_for}


def test_only_what_is_stale_is_queued_and_of_chosen_runs_alone():
    Path("status").write_text(json.dumps({f"decode@{FIRST}": []}))
    submit.main([], [], "submit")
    assert list(queued()) == [f"decode@{FIRST}", f"evaluate@{FIRST}", "judge"]
    Path("sbatch").write_text("")
    submit.main(["music_*"], [], "submit")
    assert list(queued()) == [f"decode@{FIRST}", f"evaluate@{FIRST}"]


def test_what_is_queued_already_is_waited_for_and_not_queued_again():
    in_queue(f"train@{FIRST}", "RUNNING")
    in_queue(f"decode@{FIRST}", "RUNNING", folder="/another/copy")
    log_of(f"train@{FIRST}").parent.mkdir(parents=True)
    log_of(f"train@{FIRST}").write_text("1/2\n")
    submit.main([], [], "submit")
    assert f"train@{FIRST}" not in queued()
    assert queued()[f"decode@{FIRST}"][1] == "singleton,afterok:55"
    assert log_of(f"train@{FIRST}").read_text() == "1/2\n"


def test_what_slurm_holds_after_its_node_failed_is_released(capsys):
    in_queue("encode@a", "PENDING", "launch failed requeued held")
    assert "submit lets it start again" in status(capsys)["encode@a"]
    submit.main([], [], "submit")
    assert Path("scontrol").read_text() == "release 55\n"
    assert "encode@a" not in queued()


def test_a_job_at_the_end_sends_the_results():
    write_settings(push=True)
    submit.main(["music_*"], [], "submit")
    *_, (stage, (_, after)) = queued().items()
    assert (
        stage == "push" and after == "singleton,afterany:101,afterany:102,afterany:103,afterany:104"
    )


def test_a_dry_run_prints_scripts_and_the_cost_and_does_nothing(capsys):
    write_settings(time="01:00:00")
    submit.main([], [], "dry_run")
    out = capsys.readouterr().out
    assert f"### train@{SECOND}, after: train@{FIRST}\n#!/bin/bash\n" in out
    assert "8 jobs; if each reaches its time limit, 8.0 hours of a core and 0.0 of a GPU" in out
    assert not queued() and Path("made").read_text() == "" and not LOGS.exists()


def test_a_job_that_slurm_refuses_is_told():
    write_settings(partition="wrong")
    with pytest.raises(PipelineError, match="^sbatch: sbatch: error: invalid partition .*: wrong$"):
        submit.main([], [], "submit")


def test_a_stage_that_fails_here_is_told_and_nothing_is_queued(monkeypatch):
    monkeypatch.setattr(graph, "command_of", lambda stage: "exit 3")
    with pytest.raises(PipelineError, match="^check: status 3; nothing was queued$"):
        submit.main([], [], "submit")
    assert not queued()


def test_a_stage_that_would_run_here_before_a_job_is_refused():
    FILE.write_text(FILE.read_text().replace('"check"', '"check", "judge"'))
    with pytest.raises(ConfigError, match=f"judge waits for evaluate@{SECOND}, evaluate@{FIRST}"):
        submit.main([], [], "submit")


def test_the_status_says_of_every_run_what_it_does_or_waits_for(capsys):
    in_queue("encode@a", "RUNNING", restarts=2)
    in_queue(f"train@{FIRST}", "PENDING", "Dependency")
    in_queue(f"train@{SECOND}", "PENDING", "Resources", restarts=1)
    LOGS.mkdir(parents=True)
    log_of("encode@a").write_text("Reading\n8/12  0:04, 0:02 left\n")
    assert status(capsys) == {
        "check": "not queued",
        "encode@a": "running on n1, restarts: 2: 8/12  0:04, 0:02 left",
        f"train@{FIRST}": "waits for encode@a",
        f"train@{SECOND}": "waits (Resources), restarts: 1",
        "judge": "not queued",
    }


def test_the_status_says_why_a_job_failed_in_one_line(capsys):
    Path("status").write_text(json.dumps({f"train@{FIRST}": []}))
    LOGS.mkdir(parents=True)
    log = log_of(f"train@{FIRST}")
    log.write_text("1/12\nerror: a: no such file\na: 0.1 s\n")
    told = status(capsys)
    assert told[f"train@{FIRST}"] == "failed: error: a: no such file"
    assert told[f"train@{SECOND}"] == f"not queued: train@{FIRST} failed"
    log.write_text("1/12\nslurmstepd: error: *** JOB 1 ON n1 CANCELLED AT 12:00 ***\n")
    assert status(capsys)[f"train@{FIRST}"].endswith(
        "error: *** JOB 1 ON n1 CANCELLED AT 12:00 ***"
    )
