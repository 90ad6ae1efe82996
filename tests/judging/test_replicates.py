"""Which runs differ in their seed alone."""

from pipeline import config
from pipeline.judging.replicates import replicates
from tests.judging.measurements import settings
from tests.reporting.scale import ROOT


def test_runs_that_differ_in_seed_and_title_alone_are_replicates_in_the_order_of_seeds():
    runs = {
        "third": settings("music", seed=3) | {"title": "the third"},
        "first": settings("music", seed=1) | {"title": "the first"},
        "second": settings("music", seed=2),
        "slower": settings("music", seed=2, learning_rate=0.1),
        "other": settings("image", seed=2),
    }
    found = replicates(runs)
    assert found["first"] == found["second"] == found["third"] == ["first", "second", "third"]
    assert found["slower"] == ["slower"] and found["other"] == ["other"]
    assert found.keys() == runs.keys()


def test_a_run_with_the_same_seed_is_the_same_measurement_and_no_replicate():
    runs = {name: settings("music", seed) for name, seed in (("a", 1), ("b", 2), ("again", 2))}
    found = replicates(runs)
    assert found == {"a": ["a", "b"], "b": ["a", "b"], "again": ["a", "again"]}


def test_runs_that_start_from_replicates_are_replicates():
    def starting(seed: int, run: str) -> dict:
        return settings("music", seed, steps=5) | {"start_from": {"run": run, "frozen": True}}

    runs = {
        "base": settings("music", seed=1),
        "base_2": settings("music", seed=2),
        "other": settings("music", seed=2, learning_rate=0.1),
        "tuned": starting(1, "base"),
        "tuned_2": starting(2, "base_2"),
        "tuned_other": starting(3, "other"),
    }
    found = replicates(runs)
    assert found["tuned"] == ["tuned", "tuned_2"] and found["tuned_other"] == ["tuned_other"]


def test_another_seed_of_anything_else_is_another_experiment():
    params = config.load(ROOT / "params.yaml")
    run = params.runs["music_relative"].model_dump(mode="json")
    others = {
        "training": run | {"training": run["training"] | {"seed": 7}},
        "decoding": run | {"decoding": run["decoding"] | {"tokens": 7}},
        "data": run | {"dataset": "others"},
    }
    assert replicates({"run": run, **others})["run"] == ["run", "training"]


def test_no_two_runs_of_the_committed_scales_are_the_same_experiment_by_mistake():
    for folder in ("", "lecture", "paper"):
        params = config.load(ROOT / folder / "params.yaml")
        runs = {name: run.model_dump(mode="json") for name, run in params.runs.items()}
        seeds = [
            [(runs[name]["training"]["seed"]) for name in group]
            for group in replicates(runs).values()
        ]
        assert all(len(set(each)) == len(each) for each in seeds)
