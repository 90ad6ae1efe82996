import random

import pytest

from faults.parameters import ROOT, demonstrations, is_clear, mutations, read, refusal
from pipeline import config, decode, download, encode, evaluate, train
from pipeline.errors import ConfigError


def test_wrong_parameters_are_refused_with_their_path():
    smoke = list(mutations(read("tests/smoke/params.yaml")))
    of_demonstrations = [
        mutation for mutation in mutations(demonstrations()) if "demonstrations" in mutation.where
    ]
    every = smoke + of_demonstrations
    kinds = {mutation.kind for mutation in every}
    assert len(smoke) > 1000
    assert len(of_demonstrations) > 100
    assert kinds == {"missing", "misspelt", "ill-typed", "out of range", "contradictory"}
    few = [mutation for mutation in every if mutation.kind == "contradictory"]
    for mutation in few + of_demonstrations + random.Random(1).sample(every, 200):
        line = refusal(mutation)
        assert is_clear(line, mutation), (mutation.kind, mutation.where, line)


def test_the_right_files_are_accepted():
    config.parse(read("tests/smoke/params.yaml"), config.PARAMS)


@pytest.mark.parametrize(
    ("stage", "name"),
    [
        (download, "digits"),
        (encode, "digits"),
        (train, "image_local_2d"),
        (decode, "image_local_2d"),
        (evaluate, "image_local_2d"),
    ],
)
def test_every_stage_reads_all_parameters_before_it_does_anything(
    stage, name, tmp_path, monkeypatch
):
    """The parameters of another run too."""
    right = (ROOT / "tests/smoke/params.yaml").read_text()
    (tmp_path / "params.yaml").write_text(right.replace("warmup_steps: 4", "warmup_steps: 0"))
    monkeypatch.chdir(tmp_path)
    with pytest.raises(
        ConfigError, match="runs.translation_sinusoid.training.schedule.warmup_steps = 0"
    ):
        stage.main(name)
    assert [path.name for path in tmp_path.iterdir()] == ["params.yaml"]
