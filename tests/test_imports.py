"""What the stages' commands import: nothing slow that they do not need."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from pipeline.__main__ import commands_of_tasks
from pipeline.tasks import specs

ROOT = Path(__file__).parents[1]
SLOW = {"torch", "datasets", "dvc", "pandas", "pyarrow"}

# The stages, and publish, with the parts of a task that they call, and what of SLOW they need.
# Those that need the same are imported together, because torch takes seconds.
PAGE = ["measures", "reporting.page"]
STAGES = [
    (
        {
            "download": [],
            "encode": ["encoding.encode"],
        },
        set(),
    ),
    (
        {
            "train": ["batches"],
            "decode": ["decoding.decode"],
            "report": PAGE,  # draws what a query sees by the masks of the networks
            "publish": [*PAGE, "publishing"],
        },
        {"torch"},
    ),
    ({"evaluate": ["metrics.evaluate"]}, {"torch", "pyarrow"}),
    ({"judge": ["measures"]}, {"pyarrow"}),
]

# The modules of the tasks' commands by name.
COMMANDS = {
    name: f"pipeline.tasks.{each.task}.{each.module}" for name, each in commands_of_tasks().items()
}


@pytest.mark.parametrize(("stages", "needed"), STAGES, ids=["-".join(each) for each, _ in STAGES])
def test_stages_import_nothing_slow_that_they_do_not_need(stages, needed):
    modules = [f"pipeline.{stage}" for stage in stages]
    parts = [part for parts in stages.values() for part in parts]
    modules += [f"pipeline.tasks.{task}.{part}" for task in specs() for part in parts]
    program = f"import sys, {', '.join(modules)}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert SLOW.intersection(ran.stdout.split()) == needed


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_reads_its_options_before_anything_slow_is_imported(name):
    program = f"""
import atexit, sys
atexit.register(lambda: print(*sys.modules, file=sys.stderr))
from {COMMANDS[name]} import main
sys.argv[1:] = ["--help"]
main()
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert ran.stdout.startswith("usage: ") and "--run RUN" in ran.stdout
    assert not {*SLOW, "numpy", "PIL", "soundfile"}.intersection(ran.stderr.split())


WRONG = [
    ["pipeline", "train", "musci_relative"],
    ["pipeline", "decode", "musci_relative"],
    ["pipeline", "evaluate", "musci_relative"],
    ["pipeline.tasks.translation.command", "--run", "image_local_1d"],
    ["pipeline.tasks.translation.command", "--run", "translation_sinusoid", "--n-best", "9"],
    ["pipeline.tasks.image.command", "--run", "image_local_1d", "-o", "out.jpg"],
    ["pipeline.tasks.image.command", "--run", "image_local_1d", "-o", "out.png", "--top-k", "0"],
    ["pipeline.tasks.music.command", "--run", "music_relative", "-o", "out.jpg"],
    ["pipeline.tasks.molecules.command", "--run", "music_relative"],
    ["pipeline.tasks.classification.command", "--run", "music_relative"],
    ["pipeline.tasks.classification.fill_command", "--run", "classification_attention"],
]


@pytest.mark.parametrize("command", WRONG, ids=" ".join)
def test_a_wrong_argument_is_refused_before_anything_slow_is_imported(command):
    module, *arguments = command
    program = f"""
import atexit, runpy, sys
atexit.register(lambda: print("imported", *sys.modules, file=sys.stderr))
sys.argv[1:] = {arguments}
runpy.run_module("{module}", run_name="__main__")
"""
    ran = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True)
    said, imported = ran.stderr.splitlines()
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.search("params.yaml: runs.|should end in .mid|ends in .png|--top-k = 0", said)
    assert not {*SLOW, "numpy", "PIL", "soundfile"}.intersection(imported.split())


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_that_cannot_begin_says_so_in_one_line(name, tmp_path):
    command = [sys.executable, "-m", COMMANDS[name], "--run", "music"]
    if name in ("paint", "compose"):  # which write files
        command += ["-o", "out"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "error: params.yaml: no such file; run in the folder of a scale\n"
