"""Runs that do not fit their images are refused before anything runs."""

import re

import pytest
from ruamel.yaml import YAML

from pipeline import config
from pipeline.errors import ConfigError
from tests.wrong_params import (
    DEFAULT,
    IMAGE,
    LEARNED,
    LOCAL_1D,
    MIXTURE,
    ROOT,
    changed,
    complaint,
    put,
)


@pytest.mark.parametrize(
    ("run", "key", "value", "expected"),
    [
        ("image_local_1d", "query_block", 65, "query_block = 65 is more than .* 8 x 8 .*smaller"),
        ("image_local_2d", "query_rows", 3, "query_rows = 3 and .* 8 x 8 .*; choose divisors"),
        ("image_local_2d", "query_columns", 16, "query_columns = 16 do not .*; choose divisors"),
    ],
)
def test_blocks_that_do_not_fit_the_images_are_refused_with_both_paths(run, key, value, expected):
    message = complaint(changed(f"runs.{run}.model.attention.{key}", put(value)))
    assert message.startswith(f"runs.{run}.model.attention.query_")
    assert message.endswith(" (for datasets.digits)")
    assert re.search(expected, message)


def test_a_block_may_hold_the_whole_image_and_a_pixel_of_a_mixture_is_one_position():
    whole = changed("runs.image_local_1d.model.attention.query_block", put(64))
    assert config.parse(whole, DEFAULT).runs["image_local_1d"].model.attention.query_block == 64
    lecture = YAML(typ="safe", pure=True).load((ROOT / "lecture/params.yaml").read_text())
    model = lecture["runs"]["image_patches_block_4x12"]["model"]
    model["attention"] = LOCAL_1D | {"query_block": 3 * 16 * 16}
    config.parse(lecture, DEFAULT)
    model.update(output=MIXTURE, embeddings="separate")
    with pytest.raises(ConfigError, match="query_block = 768 .* 16 x 16 positions"):
        config.parse(lecture, DEFAULT)


def test_learned_positions_that_are_fewer_than_those_of_an_image_are_refused():
    path = f"{IMAGE}.model.positions"
    fewer = changed(path, put(LEARNED | {"max_length": 63}))
    assert complaint(fewer) == (
        f"{path}.max_length = 63 is less than the 64 positions of an image; choose a larger one "
        "(for datasets.digits)"
    )
    config.parse(changed(path, put(LEARNED | {"max_length": 64})), DEFAULT)


def test_a_factor_that_does_not_divide_the_image_is_refused():
    path = "runs.image_enlarged.model.super_resolution"
    assert complaint(changed(path, put(3))) == (
        f"{path} = 3 does not divide images of 8 x 8 pixels; choose a divisor "
        "(for datasets.digits_unlabelled)"
    )


def test_a_pixelcnn_has_as_many_features_for_each_channel():
    raw = YAML(typ="safe", pure=True).load((ROOT / "lecture/params.yaml").read_text("utf-8"))
    model = raw["runs"]["image_patches_pixelcnn"]["model"]
    config.parse(raw, DEFAULT)
    model["d_model"] += 1
    assert complaint(raw) == (
        f"runs.image_patches_pixelcnn.model.d_model = {model['d_model']} is not divisible by the "
        "3 channels of a pixel; choose a multiple (for datasets.backgrounds)"
    )


def test_a_hue_is_refused_for_grey_images():
    keys = {"flip": 0.0, "crop": 0, "rotation": 0.0, "hue": 0.1, "noise": 0.0}
    assert complaint(changed(f"{IMAGE}.training.augmentation", put(keys))) == (
        f"{IMAGE}.training.augmentation.hue = 0.1, but datasets.digits has grey images; use 0.0"
    )
