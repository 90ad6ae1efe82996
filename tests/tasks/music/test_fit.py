"""Runs that do not fit their music are refused before anything runs."""

import pytest
from ruamel.yaml import YAML

from pipeline import config
from pipeline.tasks.music.codec import grid
from pipeline.tasks.music.settings import PITCHES, VOICES
from tests.wrong_params import (
    DEFAULT,
    LEARNED,
    MUSIC,
    PITCH_TIME,
    ROOT,
    changed,
    complaint,
    put,
)

BESIDE = {"kind": "concatenated_sinusoid", "width": 8, "labels": "voices"}


@pytest.mark.parametrize(
    ("positions", "value"),
    [(PITCH_TIME, "kind = relative_pitch_time"), (BESIDE, "labels = voices")],
)
def test_positions_that_need_voices_are_refused_for_performances(positions, value):
    raw = YAML(typ="safe", pure=True).load((ROOT / "lecture/params.yaml").read_text("utf-8"))
    run = raw["runs"]["performance_relative"]
    run["model"] = run["model"] | {"positions": positions}  # other runs share it
    message = complaint(raw)
    assert message.startswith(f"runs.performance_relative.model.positions.{value} is defined for")
    assert message.endswith(" (for datasets.performances)")


def test_tempi_are_refused_for_chorales():
    keys = {"transpose": 3, "stretch": [1.0]}
    config.parse(changed(f"{MUSIC}.training.augmentation", put(keys)), DEFAULT)
    tempi = changed(f"{MUSIC}.training.augmentation", put(keys | {"stretch": [0.95, 1.0]}))
    assert complaint(tempi) == (
        f"{MUSIC}.training.augmentation.stretch = [0.95, 1.0], but "
        "datasets.chorales.encoding.representation = chorale_grid has no tempo; use [1.0]"
    )


def test_tempi_are_refused_for_tunes():
    raw = YAML(typ="safe", pure=True).load((ROOT / "lecture/params.yaml").read_text("utf-8"))
    run = raw["runs"]["performance_relative"]
    run["dataset"] = "tunes"
    run["training"]["augmentation"] = {"transpose": 3, "stretch": [0.95, 1.0]}
    assert "representation = melody has no tempo; use [1.0]" in complaint(raw)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("training.crop", 255),
        ("decoding.primer_tokens", 130),
        ("decoding.tokens", 510),
        ("evaluation.stride", 127),
        ("evaluation.long_window", 510),
    ],
)
def test_lengths_that_cut_a_16th_of_chorales_are_refused(path, value):
    assert complaint(changed(f"{MUSIC}.{path}", put(value))) == (
        f"{MUSIC}.{path} = {value} would cut a 16th, but datasets.chorales.encoding.representation "
        "= chorale_grid has 4 voices; choose a multiple of 4"
    )


def test_a_grid_has_as_many_voices_as_the_codec_says():
    assert (len(grid.VOICES), grid.SILENCE) == (VOICES, PITCHES)


def test_events_of_performances_may_be_cut_anywhere_and_no_music_is_read_whole():
    raw = YAML(typ="safe", pure=True).load((ROOT / "lecture/params.yaml").read_text("utf-8"))
    run = raw["runs"]["performance_relative"]
    run["training"]["crop"] -= 1
    config.parse(raw, DEFAULT)
    run["training"]["crop"] = None
    assert complaint(raw).startswith("runs.performance_relative.training.crop = null, but")


def test_learned_positions_reach_to_the_end_of_what_is_drawn():
    raw = changed(f"{MUSIC}.model.positions", put(LEARNED | {"max_length": 512}))
    raw["runs"]["music_relative"]["decoding"]["tokens"] = 1024
    assert complaint(raw) == (
        f"{MUSIC}: decoding.tokens = 1024 is more than model.positions.max_length = 512; choose "
        "a larger max_length"
    )
