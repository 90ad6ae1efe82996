from collections.abc import Iterator
from pathlib import Path
from random import Random

from ruamel.yaml import YAML

from faults.disk import stages, too_small

DVC = YAML(typ="safe").load(Path(__file__).parents[2] / "dvc.yaml")


def _outputs(stage: dict) -> Iterator[str]:
    """The outputs, metrics and plots that dvc.yaml gives a stage."""
    for kind in ("outs", "metrics", "plots"):
        for output in stage.get(kind, []):
            yield from output if isinstance(output, dict) else [output]


def test_every_stage_is_tried_with_the_outputs_that_dvc_knows():
    declared = {
        name: set(_outputs(stage.get("do", stage))) for name, stage in DVC["stages"].items()
    }
    declared.pop("demonstrate")  # the smoke scale has no demonstrations
    assert not declared.pop("check")
    declared.pop("scratch")  # one line that the shell writes
    tried = {stage.module: stage for stage in stages()}
    assert tried.keys() == declared.keys()
    for name, outputs in declared.items():
        (key,) = tried[name].arguments or [""]
        assert set(tried[name].outputs) == {output.replace("${key}", key) for output in outputs}


def test_a_disk_that_is_too_small_has_room_for_what_is_there_but_not_for_more():
    page = 4096
    options = [*too_small(10 * page, 13 * page, Random(1))]
    sizes = {int(option.removeprefix("size=")) for option in options}
    assert sizes <= {10 * page, 11 * page, 12 * page}
    assert len(options) == 3
