import copy
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from ruamel.yaml import YAML

from pipeline import config
from pipeline.errors import ConfigError
from tests.wrong_params import (
    DEFAULT,
    IMAGE,
    LEARNED,
    LOCAL_1D,
    MIXTURE,
    MUSIC,
    PITCH_TIME,
    RAW,
    ROOT,
    TEXT,
    Change,
    changed,
    complaint,
    put,
    start,
)

EVERY_SCALE = sorted(
    path.relative_to(ROOT)
    for pattern in ("", "*/", "*/*/")
    for path in ROOT.glob(f"{pattern}params.yaml")
)


def remove(section: dict[str, Any], key: str) -> None:
    """Leave a parameter out."""
    del section[key]


def rename(name: str) -> Change:
    """Misspell a parameter's name."""

    def change(section: dict[str, Any], key: str) -> None:
        section[name] = section.pop(key)

    return change


@pytest.mark.parametrize("path", EVERY_SCALE, ids=str)
def test_every_scale_is_valid_and_all_its_data_sets_are_used(path):
    params = config.load(ROOT / path)

    users = [*params.runs.values(), *params.demonstrations.values()]
    assert {*params.datasets} == {user.dataset for user in users}


def test_what_stands_in_the_file_is_what_is_read():
    assert config.parse(RAW, DEFAULT).model_dump(mode="json") == RAW


MISSING = [
    ("report", "report"),
    ("datasets", "datasets"),
    (f"{MUSIC}.task", f"{MUSIC}.task"),
    (f"{MUSIC}.dataset", f"{MUSIC}.dataset"),
    (f"{MUSIC}.training.learning_rate", f"{MUSIC}.training.learning_rate"),
    (f"{MUSIC}.training.optimizer.kind", f"{MUSIC}.training.optimizer.kind"),
    (f"{MUSIC}.training.schedule.warmup_steps", f"{MUSIC}.training.schedule.warmup_steps"),
    (f"{MUSIC}.model.positions.kind", f"{MUSIC}.model.positions.kind"),
    (f"{MUSIC}.model.positions.max_distance", f"{MUSIC}.model.positions.max_distance"),
    (f"{IMAGE}.model.attention.query_block", f"{IMAGE}.model.attention.query_block"),
    ("datasets.digits.source.sha256", "datasets.digits.source.sha256"),
    ("datasets.digits.source.kind", "datasets.digits.source.kind"),
    ("datasets.digits.encoding.splits.seed", "datasets.digits.encoding.splits.seed"),
]


@pytest.mark.parametrize(("path", "named"), MISSING, ids=[path for path, _ in MISSING])
def test_a_missing_parameter_is_named(path, named):
    assert complaint(changed(path, remove)) == f"{named} is missing; add it"


MISSPELT = [
    ("report", "reprot", "reprot", "report"),
    (f"{MUSIC}.task", "taks", f"{MUSIC}.taks", "task"),
    (f"{MUSIC}.decoding", "decodng", f"{MUSIC}.decodng", "decoding"),
    (
        f"{MUSIC}.training.learning_rate",
        "learnig_rate",
        f"{MUSIC}.training.learnig_rate",
        "learning_rate",
    ),
    (f"{MUSIC}.model.positions.kind", "kinds", f"{MUSIC}.model.positions.kinds", "kind"),
    (
        f"{IMAGE}.model.attention.query_block",
        "block",
        f"{IMAGE}.model.attention.block",
        "query_block",
    ),
    ("datasets.digits.source.sha256", "sha", "datasets.digits.source.sha", "sha256"),
    (
        "datasets.digits.encoding.splits.validation",
        "valid",
        "datasets.digits.encoding.splits.valid",
        "validation",
    ),
]


@pytest.mark.parametrize(("path", "name", "named", "right"), MISSPELT, ids=[m[2] for m in MISSPELT])
def test_a_misspelt_parameter_is_named_with_the_nearest_right_one(path, name, named, right):
    assert complaint(changed(path, rename(name))).startswith(
        f"{named} is not a parameter; did you mean {right}?"
    )


SUPERFLUOUS = [
    ("extra", "extra is not a parameter; remove it"),
    (f"{MUSIC}.decoding.beam_size", "is not a parameter for task = music; remove it"),
    ("runs.music_sinusoid.model.positions.max_distance", "for kind = sinusoid; remove it"),
    ("datasets.digits.source.address", "for kind = package; remove it"),
    (f"{TEXT}.decoding.method.top_k", "is not a parameter for kind = beam; remove it"),
    (f"{TEXT}.training.optimizer.weight_decay", "is not a parameter for kind = adam; remove it"),
    (f"{TEXT}.training.schedule.final_ratio", "for kind = inverse_square_root; remove it"),
]


@pytest.mark.parametrize(("path", "expected"), SUPERFLUOUS, ids=[path for path, _ in SUPERFLUOUS])
def test_a_parameter_too_many_is_named_with_the_kind_that_has_no_such(path, expected):
    message = complaint(changed(path, put(4)))

    assert message.startswith(path) and message.endswith(expected)


WRONG = [
    # ill-typed
    ("runs", None, "runs is empty: should have keys and values"),
    ("runs", {}, "runs is empty: should have at least one entry"),
    ("runs", ["music"], 'runs = ["music"]: should have keys and values'),
    (MUSIC, 3, f"{MUSIC} = 3: should have keys and values"),
    (f"{MUSIC}.decoding.sampling", None, "sampling is empty: should have keys and values"),
    (f"{MUSIC}.model.positions", "sinusoid", 'positions = "sinusoid": should have keys and values'),
    (f"{MUSIC}.training.steps", 1.5, "steps = 1.5: should be a valid integer"),
    (f"{MUSIC}.training.steps", True, "steps = true: should be a valid integer"),
    (f"{MUSIC}.training.steps", None, "steps = null: should be a valid integer"),
    (f"{MUSIC}.training.learning_rate", "0.1", "write a number without quotes"),
    (f"{MUSIC}.training.crop", "all", 'crop = "all": should be a valid integer'),
    (f"{MUSIC}.title", 5, "title = 5: should be a valid string; put it in quotes"),
    ("datasets.digits.source.python_version", 3.11, "= 3.11: should be a valid string; put it in"),
    # not one of a list
    (
        f"{MUSIC}.task",
        "musik",
        '= "musik": should be translation or image or music or molecules or classification; did',
    ),
    (f"{MUSIC}.training.device", "gpu", 'device = "gpu": should be cpu or cuda'),
    (f"{MUSIC}.model.norm", "Pre", "should be post or pre; did you mean pre?"),
    (f"{MUSIC}.training.optimizer.kind", "Adam", "should be adam or adamw; did you mean adam?"),
    (
        f"{MUSIC}.training.schedule.kind",
        "cosin",
        "should be constant or inverse_square_root or cosine; did you mean cosine?",
    ),
    (
        f"{MUSIC}.training.checkpoint_selection",
        "average",
        "should be averaged or best or last; did you mean averaged?",
    ),
    (
        f"{MUSIC}.model.positions.kind",
        "skewed_relativ",
        "or labelled_edges; did you mean skewed_relative?",
    ),
    (
        f"{TEXT}.decoding.method.kind",
        "bean",
        "should be beam or chosen or greedy or blockwise or sampling; did you mean beam?",
    ),
    (f"{TEXT}.decoding.search_grid.beam_sizes", [], "should have at least"),
    ("datasets.digits.source.kind", "pakage", "url or urls or folder; did you mean package?"),
    ("datasets.digits.encoding.reader", "mnist", 'reader = "mnist": should be sklearn_digits'),
    # out of range
    (f"{MUSIC}.training.learning_rate", 0.0, "learning_rate = 0.0: should be greater than 0"),
    (f"{MUSIC}.training.learning_rate", float("inf"), "= Infinity: should be a finite number"),
    (f"{MUSIC}.training.learning_rate", float("nan"), "= NaN: should be a finite number"),
    (f"{MUSIC}.training.steps", 0, "steps = 0: should be greater than 0"),
    (f"{MUSIC}.training.crop", 0, "crop = 0: should be greater than 0"),
    (f"{MUSIC}.training.optimizer.beta2", 1.0, "beta2 = 1.0: should be less than 1"),
    (f"{MUSIC}.training.schedule.warmup_steps", 0, "warmup_steps = 0: should be greater than 0"),
    (f"{MUSIC}.training.seed", -1, "seed = -1: should be greater than or equal to 0"),
    (f"{MUSIC}.model.dropout", 1.0, "dropout = 1.0: should be less than 1"),
    (f"{MUSIC}.decoding.sampling.top_p", 0.0, "top_p = 0.0: should be greater than 0"),
    (f"{MUSIC}.decoding.sampling.top_p", 1.1, "top_p = 1.1: should be less than or equal to 1"),
    ("datasets.digits.encoding.splits.test", 1.5, "test = 1.5: should be less than or equal to 1"),
    ("datasets.digits.source.sha256", "abc", 'sha256 = "abc": should be the 64 hexadecimal digits'),
    ("datasets.digits.source.sha256", "A" * 64, "should be the 64 hexadecimal digits of a sha256"),
    ("runs.Bad-Name", RAW["runs"]["music_relative"], "a name should have lower-case letters"),
    (f"{MUSIC}.dataset", "../raw", "a name should have lower-case letters"),
]


@pytest.mark.parametrize(
    ("path", "value", "expected"),
    WRONG,
    ids=[f"{path}={str(value)[:20]}" for path, value, _ in WRONG],
)
def test_a_wrong_value_is_named_with_what_it_should_be(path, value, expected):
    message = complaint(changed(path, put(value)))

    assert message.startswith(path) and expected in message


LOCAL_2D = {
    "kind": "local_2d",
    "query_rows": 2,
    "query_columns": 2,
    "memory_rows": 2,
    "memory_columns": 2,
}
SINUSOID_2D = {"kind": "sinusoid_2d"}
PITCHED_IMAGE = {
    **RAW["runs"]["image_local_1d"]["model"],
    "positions": PITCH_TIME,
    "attention": {"kind": "full", "backend": "dense"},
}
ENLARGING = {
    **RAW["runs"]["image_local_1d"]["model"],
    "structure": "encoder_decoder",
    "super_resolution": 2,
}
SMOOTHED_MIXTURE = RAW["runs"]["image_local_1d"] | {
    "model": RAW["runs"]["image_local_1d"]["model"] | {"output": MIXTURE},
    "training": RAW["runs"]["image_local_1d"]["training"] | {"label_smoothing": 0.1},
}
CONTRADICTIONS = [
    (f"{MUSIC}.dataset", "chorale", f"{MUSIC}.dataset = chorale is not among", "mean chorales?"),
    (f"{MUSIC}.dataset", "digits", f"{MUSIC}.task = music", "digits.task = image; make them equal"),
    (f"{MUSIC}.training.steps", 175, f"{MUSIC}.training: average_checkpoints", "reach back 175"),
    (f"{MUSIC}.model.num_heads", 3, f"{MUSIC}.model: num_heads = 3", "choose a divisor"),
    (f"{MUSIC}.model.attention", LOCAL_2D, f"{MUSIC}.model: positions.kind = skewed", "= local_2d"),
    (f"{MUSIC}.model.positions_at", "every_layer", f"{MUSIC}.model: positions_at", "= input"),
    (f"{MUSIC}.model.positions", LEARNED, f"{MUSIC}: training.crop = 256", "a larger max_length"),
    (
        f"{MUSIC}.model.attention",
        LOCAL_1D | {"query_block": 512},
        f"{MUSIC}: model.attention.query_block = 512 is more than training.crop = 256",
        "choose a smaller block",
    ),
    (f"{IMAGE}.model.positions", PITCH_TIME, f"{IMAGE}.model: positions.kind", "= local_1d"),
    (
        f"{IMAGE}.model",
        PITCHED_IMAGE,
        f"{IMAGE}.model.positions.kind",
        "use positions.kind = skewed_relative",
    ),
    (
        f"{MUSIC}.model.positions",
        SINUSOID_2D,
        f"{MUSIC}.model.positions.kind",
        "use a one-dimensional kind",
    ),
    (f"{TEXT}.start_from", start("scratch", True), f"{TEXT}.start_from: frozen = true", "false"),
    (
        f"{TEXT}.start_from",
        start("translation_sinusod"),
        f"{TEXT}.start_from.run = translation_sinusod is not among runs, nor scratch",
        "did you mean translation_sinusoid?",
    ),
    (
        f"{TEXT}.start_from",
        start("translation_sinusoid"),
        f"{TEXT}.start_from.run = translation_sinusoid makes a cycle",
        "let one of them start from scratch",
    ),
    (
        f"{TEXT}.start_from",
        start("music_sinusoid"),
        f"{TEXT}.start_from.run = music_sinusoid, but runs.music_sinusoid.task is of another kind",
        "start from a run that is like this one",
    ),
    ("runs.scratch", RAW["runs"]["music_sinusoid"], "runs.scratch has the name of", "another"),
    (f"{MUSIC}.model.output", MIXTURE, f"{MUSIC}.model.output.kind", "= categorical"),
    (f"{MUSIC}.model.embeddings", "channels", f"{MUSIC}.model.embeddings", "= separate"),
    (f"{TEXT}.model.embeddings", "channels", f"{TEXT}.model.embeddings", "= separate"),
    (f"{TEXT}.model.super_resolution", 2, f"{TEXT}.model: embeddings = tied", "use separate"),
    (
        f"{MUSIC}.model.super_resolution",
        2,
        f"{MUSIC}.model: super_resolution = 2",
        "use null",
    ),
    (f"{TEXT}.model.output", MIXTURE, f"{TEXT}.model: output.kind", "output.kind = categorical"),
    (f"{IMAGE}.model", ENLARGING, f"{IMAGE}: decoding.samples_per_class = 8", "use null"),
    (
        f"{IMAGE}.model",
        ENLARGING | {"embeddings": "tied"},
        f"{IMAGE}.model: embeddings = tied",
        "use separate",
    ),
    (
        f"{IMAGE}.model",
        ENLARGING | {"super_resolution": None},
        f"{IMAGE}: model.structure = encoder_decoder",
        "give the factor between source and target",
    ),
    (
        f"{IMAGE}",
        SMOOTHED_MIXTURE,
        f"{IMAGE}: training.label_smoothing = 0.1 is defined for a softmax",
        "model.output.kind = logistic_mixture; use 0.0",
    ),
    (
        f"{IMAGE}.decoding.samples_per_class",
        None,
        f"{IMAGE}: decoding.samples_per_class = null",
        "give a number",
    ),
    (f"{MUSIC}.evaluation.stride", 257, f"{MUSIC}.evaluation: stride = 257", "window = 256"),
    (f"{MUSIC}.decoding.tokens", 128, f"{MUSIC}.decoding: primer_tokens = 128", "shorter"),
    (f"{IMAGE}.model.d_model", 130, f"{IMAGE}.model: num_heads = 4", "choose a divisor"),
    (f"{IMAGE}.training.crop", 32, f"{IMAGE}: training.crop = 32", "use null"),
    (f"{TEXT}.training.crop", 32, f"{TEXT}: training.crop = 32", "use null"),
    (f"{TEXT}.model.structure", "decoder", f"{TEXT}: model.structure", "use encoder_decoder"),
    (
        f"{TEXT}.model.attention",
        LOCAL_1D,
        f"{TEXT}: model.attention.kind = local_1d",
        "kind = full",
    ),
    (
        f"{TEXT}.model.positions",
        SINUSOID_2D,
        f"{TEXT}.model.positions.kind",
        "use a one-dimensional kind",
    ),
    (f"{TEXT}.decoding.method.n_best", 5, f"{TEXT}.decoding.method: n_best = 5", "a wider beam"),
    (
        "datasets.digits.encoding.splits.validation",
        0.85,
        "datasets.digits.encoding.splits: validation = 0.85",
        "leave nothing to train on",
    ),
    (
        "datasets.home_assistant.encoding.max_test_words",
        2,
        "datasets.home_assistant.encoding: min_test_words = 3",
        "no sentence would be held out",
    ),
    (
        "datasets.home_assistant.encoding.target_language",
        "en",
        "datasets.home_assistant.encoding: source_language and target_language are both en",
        "choose two languages",
    ),
    (
        "runs.translation_sinusoid.evaluation.bootstrap_samples",
        1,
        "runs.translation_sinusoid.evaluation.bootstrap_samples = 1",
        "40",
    ),
    (
        "datasets.home_assistant.encoding.splits",
        None,
        "datasets.home_assistant.encoding: splits = null",
        "give shares",
    ),
]


@pytest.mark.parametrize(
    ("path", "value", "start", "part"),
    CONTRADICTIONS,
    ids=[f"{path}={value}" for path, value, _, _ in CONTRADICTIONS],
)
def test_contradictory_values_are_named_with_the_remedy(path, value, start, part):
    message = complaint(changed(path, put(value)))

    assert message.startswith(start) and part in message


SIZES = {"num_layers": 2, "d_model": 8, "dropout": 0.1}
NO_POSITIONS = {"positions": {"kind": "none"}}
LSTM = {"architecture": "lstm", "structure": "decoder", **SIZES, **NO_POSITIONS}
LSTM_TRANSLATOR = LSTM | {"structure": "encoder_decoder"}
KERNELS = {"first_kernel_size": 7, "kernel_size": 3}
PIXELCNN = {"architecture": "pixelcnn", **SIZES, **NO_POSITIONS, **KERNELS}
CONVS2S = {
    "architecture": "convs2s",
    **SIZES,
    "positions": {"kind": "sinusoid"},
    "kernel_size": 3,
}
FITTING = {TEXT: [LSTM_TRANSLATOR, CONVS2S], IMAGE: [LSTM, PIXELCNN], MUSIC: [LSTM]}
REFUSED = [
    (TEXT, LSTM, f"{TEXT}: model.structure = decoder does not fit", "use encoder_decoder"),
    (TEXT, PIXELCNN, f"{TEXT}: model.structure = decoder does not fit", "use encoder_decoder"),
    (MUSIC, LSTM_TRANSLATOR, f"{MUSIC}: model.structure = encoder_decoder", "use decoder"),
    (MUSIC, CONVS2S, f"{MUSIC}: model.structure = encoder_decoder", "use decoder"),
    (
        MUSIC,
        PIXELCNN,
        f"{MUSIC}.model.architecture = pixelcnn",
        "use lstm or transformer (for datasets.chorales)",
    ),
    (IMAGE, LSTM_TRANSLATOR, f"{IMAGE}: model.architecture = lstm", "or structure = decoder"),
    (IMAGE, CONVS2S, f"{IMAGE}: model.architecture = convs2s", "or structure = decoder"),
]


@pytest.mark.parametrize(
    ("run", "model"), [(run, model) for run, models in FITTING.items() for model in models]
)
def test_an_architecture_is_accepted_for_the_tasks_that_it_fits(run, model):
    raw = changed(f"{run}.model", put(model))
    read = config.run_of(config.parse(raw, DEFAULT), run.removeprefix("runs."))
    assert read.model.model_dump(mode="json") == model


@pytest.mark.parametrize(("run", "model", "start", "remedy"), REFUSED)
def test_an_architecture_is_refused_for_other_tasks(run, model, start, remedy):
    message = complaint(changed(f"{run}.model", put(model)))
    assert message.startswith(start) and message.endswith(remedy)


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("num_heads", 4, "num_heads is not a parameter for architecture = pixelcnn; remove it"),
        ("kernel", 3, "kernel is not a parameter for architecture = pixelcnn; remove it"),
        ("kernel_size", 4, "kernel_size = 4: should be odd, so that a kernel has a middle"),
        ("kernel_size", 1, "kernel_size = 1: should be greater than or equal to 3"),
        ("d_model", 0, "d_model = 0: should be greater than 0"),
        ("architecture", "pixelcn", "; did you mean pixelcnn?"),
    ],
)
def test_an_architecture_has_its_own_keys(key, value, expected):
    message = complaint(changed(f"{IMAGE}.model", put(PIXELCNN | {key: value})))

    assert message.startswith(f"{IMAGE}.model.") and message.endswith(expected)


def test_a_network_without_an_architecture_is_told():
    message = complaint(changed(f"{IMAGE}.model.architecture", remove))

    assert message == f"{IMAGE}.model.architecture is missing; add it"


OPTIMIZERS = [
    {"kind": "adam", "beta1": 0.9, "beta2": 0.98, "epsilon": 1e-9},
    {"kind": "adamw", "beta1": 0.9, "beta2": 0.98, "epsilon": 1e-9, "weight_decay": 0.1},
]
SCHEDULES = [
    {"kind": "constant", "warmup_steps": 1},
    {"kind": "inverse_square_root", "warmup_steps": 200},
    {"kind": "cosine", "warmup_steps": 200, "final_ratio": 0.1},
]


@pytest.mark.parametrize(
    ("key", "value"),
    [("optimizer", value) for value in OPTIMIZERS] + [("schedule", value) for value in SCHEDULES],
    ids=lambda part: part if isinstance(part, str) else part["kind"],
)
def test_a_run_chooses_its_optimizer_and_schedule_by_one_parameter(key, value):
    raw = changed(f"{MUSIC}.training.{key}", put(value))
    training = config.parse(raw, DEFAULT).runs["music_relative"].training
    assert training.model_dump(mode="json")[key] == value


def test_a_key_with_line_breaks_is_told_in_one_line():
    message = complaint(changed("datasets", put({"a\n\u2028b": None})))

    assert message.startswith(r"datasets.a\n\u2028b")


def test_several_problems_are_counted():
    raw = changed(f"{MUSIC}.training.steps", put(0))
    raw["runs"]["music_relative"]["training"]["batch_tokens"] = -1

    assert complaint(raw).endswith("(and 1 more problem)")


@pytest.mark.parametrize("content", ["", "[]", "3", "text"])
def test_a_file_that_is_no_mapping_is_told(tmp_path, content):
    path = tmp_path / "params.yaml"
    path.write_text(content)

    with pytest.raises(ConfigError, match="the file .*: should have keys and values"):
        config.load(path)


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: [", "not valid YAML: line 1: "),
        (b"a: 1\nb: 2\na: 3\n", 'not valid YAML: line 3: found duplicate key "a"'),
        (b"\xff\xfe", "not valid YAML: "),
        (b"a: \x00", "not valid YAML: "),
        (b"? [a, b]\n: 1\n", "not only keys, values and lists: "),
        (b"a: &loop [*loop]\n", "not only keys, values and lists: "),
    ],
)
def test_a_file_that_is_not_plain_yaml_is_told(tmp_path, content, expected):
    path = tmp_path / "params.yaml"
    path.write_bytes(content)

    with pytest.raises(ConfigError) as caught:
        config.load(path)

    assert expected in str(caught.value) and "\n" not in str(caught.value)


def test_a_missing_file_is_told(tmp_path):
    with pytest.raises(ConfigError, match="no such file; run in the folder of a scale"):
        config.load(tmp_path / "params.yaml")


@pytest.mark.parametrize("look_up", [config.run_of, config.dataset_of])
def test_an_unknown_name_is_told_with_the_nearest_and_all_others(look_up):
    params = config.parse(RAW, DEFAULT)
    right = "music_relative" if look_up is config.run_of else "chorales"

    with pytest.raises(ConfigError) as caught:
        look_up(params, right[:-1])

    assert f"{right[:-1]} does not exist; did you mean {right}?" in str(caught.value)
    assert look_up(params, right) is not None


def leaves(raw: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """The paths of all values and sections."""
    if path:
        yield path
    if isinstance(raw, dict):
        for key, value in raw.items():
            yield from leaves(value, (*path, key))


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.text(max_size=5) | st.sampled_from(["kind", "task"]), inner, max_size=3
        )
    ),
    max_leaves=4,
)


@given(st.sampled_from(sorted(leaves(RAW))), ANYTHING)
def test_whatever_stands_in_a_parameter_is_accepted_or_told_in_one_line(path, value):
    raw = changed(".".join(path), put(value))
    try:
        config.parse(raw, Path("params.yaml"))
    except ConfigError as error:
        assert str(error).startswith("params.yaml: ")
        assert "\n" not in str(error)


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """All models that a type is made of."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
        for field in annotation.model_fields.values():
            yield from models_in(field.annotation)
    for part in get_args(annotation):
        yield from models_in(part)


def test_no_setting_has_a_default_so_that_all_values_stand_where_dvc_tracks_them():
    fields = {
        f"{model.__name__}.{name}": field
        for model in models_in(config.Params)
        for name, field in model.model_fields.items()
    }

    assert {"Params.runs", "Local2D.memory_rows", "Sampling.top_k", "UrlSource.file"} <= set(fields)
    assert [name for name, field in fields.items() if not field.is_required()] == []


def test_the_entries_of_ones_own_data_in_the_documentation_are_valid():
    page = (ROOT / "docs" / "own-data.md").read_text("utf-8")
    (entries,) = re.findall(r"```yaml\n(.*?)```", page, re.S)
    raw = copy.deepcopy(RAW)
    raw["datasets"] |= YAML(typ="safe", pure=True).load(entries)
    assert {"my_music", "my_pictures"} <= set(config.parse(raw, DEFAULT).datasets)


def test_the_command_checks_a_file_and_runs_nothing(tmp_path):
    def check(path: Path) -> subprocess.CompletedProcess:
        command = [sys.executable, ROOT / "pipeline", "config", path]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    right = check(DEFAULT)
    counted = f"{len(RAW['datasets'])} data sets, {len(RAW['runs'])} runs"
    assert (right.returncode, right.stdout) == (0, f"{DEFAULT}: nothing wrong; {counted}\n")
    wrong = tmp_path / "wrong.yaml"
    YAML().dump(changed(f"{MUSIC}.training.steps", put(0)), wrong)
    refused = check(wrong)
    assert (refused.returncode, refused.stdout) == (1, "")
    assert refused.stderr.startswith(f"error: {wrong}: {MUSIC}.training.steps = 0: ")
    assert list(tmp_path.iterdir()) == [wrong]
