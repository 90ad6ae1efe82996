from pathlib import Path

import pytest

from pipeline.cluster import settings
from pipeline.cluster.settings import FILE, hours, load
from pipeline.errors import ConfigError

TEXT = """
here: [check, "download@*"]
processes_per_node: 4
push: false
options:
  "*": {time: "01:00:00", mem: 8G}
  "train@*": {mem: 16G}
  "*@small_*": {gres: shard:1, time: "00:30:00"}
"""


@pytest.mark.parametrize(
    ("time", "expected"), [("01:30:00", 1.5), ("2-01:00:00", 49.0), ("100:00:36", 100.01)]
)
def test_a_time_limit_in_hours(time, expected):
    assert hours(time) == pytest.approx(expected)


@pytest.mark.parametrize("time", ["60", "1:00", "1:0:0", "5400", "a day"])
def test_a_time_that_could_be_misread_is_refused(time):
    with pytest.raises(ValueError, match=r"\[days-\]hours:minutes:seconds"):
        hours(time)


def test_later_patterns_add_to_earlier_ones(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    FILE.write_text(TEXT)
    asked = load()
    assert asked.options_of("judge") == {"time": "01:00:00", "mem": "8G"}
    assert asked.options_of("train@large") == {"time": "01:00:00", "mem": "16G"}
    small = {"time": "00:30:00", "mem": "16G", "gres": "shard:1"}
    assert asked.options_of("train@small_1") == small
    assert asked.is_here("download@a") and not asked.is_here("encode@a")


def test_without_a_file_of_its_own_a_scale_has_that_of_the_root(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert load().options_of("train@x").keys() == {"time", "mem"}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (('time: "01:00:00"', "time: 1:00"), "cluster.yaml: options.*time = .* should be"),
        (("push", "pushed"), "cluster.yaml: pushed is not a parameter; did you mean push?"),
        (("processes_per_node: 4", "processes_per_node: 0"), "processes_per_node"),
        (("here: [check,", "here: [[check,"), "not valid YAML"),
    ],
)
def test_a_wrong_setting_is_told_with_its_path(change, told, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path(settings.FILE).write_text(TEXT.replace(*change))
    with pytest.raises(ConfigError, match=told):
        load()
