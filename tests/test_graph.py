"""What a change makes stale, asked of DVC itself in a small project with the real graph."""

import ast
import copy
import functools
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dvc.utils.serialize._yaml
import dvc.utils.strictyaml
import networkx
import pytest
from dvc.repo import Repo
from dvc.repo.graph import build_graph
from dvc.repo.reproduce import plan_repro
from dvc.stage import PipelineStage
from dvc.utils.hydra import apply_overrides
from dvc.utils.serialize import load_yaml
from dvc.utils.serialize._yaml import parse_yaml_for_update
from ruamel.yaml import YAML

from pipeline import config
from pipeline.reporting.flatten import leaves
from pipeline.tasks import specs

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")  # DVC's own

ROOT = Path(__file__).parents[1]
PROJECT = [
    "dvc.yaml",
    "scale.yaml",
    "params.yaml",
    ".dvcignore",
    "pipeline",
    "models",
    "reports/benchmarks.json",
    "reports/faults.json",
    "reports/machines.json",
    "reports/rates.json",
]
RAW = YAML(typ="safe", pure=True).load((ROOT / "params.yaml").read_text(encoding="utf-8"))

# In no stage's deps, because they hold no value that decides what a stage writes.
NO_VALUES = {
    "pipeline/__main__.py": "finds the command",
    "pipeline/process.py": "prepares the process; with it, NumPy computes the same everywhere",
    "pipeline/processor.py": "describes the machine",
    "pipeline/config.py": "reads params.yaml",
    "pipeline/settings": "types of params.yaml; test_config.py: no field has a default",
    "pipeline/tasks/__init__.py": "finds the part of a task that a stage calls",
    "pipeline/tasks/base.py": "the type of a spec",
    "pipeline/tasks/<task>/spec.py": "names of a task, its settings and their checks",
    "pipeline/tasks/<task>/settings.py": "types of params.yaml, the same",
    "pipeline/tasks/<task>/demonstrations/settings.py": "types of params.yaml, the same",
    "pipeline/tasks/<task>/fit.py": "refuses what does not fit together",
    "models/settings": "types of params.yaml; test_config.py: no field has a default",
    "models/errors.py": "exception classes",
    "pipeline/explain.py": "messages about params.yaml",
    "pipeline/errors.py": "exception classes",
    "pipeline/console.py": "messages, progress and costs",
    "pipeline/machine.py": "refuses what this machine cannot compute",
    "pipeline/memory.py": "how memory is held",
}


# ------------------------------------------------------------------------------- the project


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Iterator[Path]:
    """A project in which every stage is up to date: its outputs are placeholders, committed."""
    folder = tmp_path_factory.mktemp("project")
    for name in PROJECT:
        if (ROOT / name).is_dir():
            unwanted = shutil.ignore_patterns("__pycache__")
            shutil.copytree(ROOT / name, folder / name, ignore=unwanted)
        else:
            (folder / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    with pytest.MonkeyPatch.context() as patch:
        for name in ("DVC_GLOBAL_CONFIG_DIR", "DVC_SYSTEM_CONFIG_DIR", "DVC_SITE_CACHE_DIR"):
            patch.setenv(name, str(tmp_path_factory.mktemp("dvc")))
        for module in (dvc.utils.serialize._yaml, dvc.utils.strictyaml):
            patch.setattr(module, "parse_yaml", remembering(module.parse_yaml))
        patch.chdir(folder)
        with Repo.init(str(folder), no_scm=True) as repo:
            for out in repo.index.outs:
                write_placeholder(folder / out.def_path)
            repo.commit(force=True)
        yield folder


def remembering(parse: Callable[..., Any]) -> Callable[..., Any]:
    """Parse each text once: DVC parses params.yaml anew for every stage, most of its time here."""
    parse_once = functools.cache(parse)
    return lambda *arguments, **options: copy.deepcopy(parse_once(*arguments, **options))


def write_placeholder(path: Path) -> None:
    """Write a file where the name has a suffix, else a folder with a file."""
    file = path if path.suffix else path / "file"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{path}\n")


@pytest.fixture(scope="module")
def stages(project) -> Iterator[list[PipelineStage]]:
    """All stages as DVC resolves them."""
    with resolved(project) as stages:
        yield stages


@contextmanager
def resolved(project: Path) -> Iterator[list[PipelineStage]]:
    with Repo(str(project)) as repo:
        yield list(repo.index.stages)


def stale(stages: list[PipelineStage]) -> set[str]:
    """The stages whose command or dependencies DVC calls changed, and all that depend on them."""
    changed = [
        stage
        for stage in stages
        if stage.changed_stage() or any(dep.status() for dep in stage.deps)
    ]
    graph = build_graph(stages)
    depending = {later for stage in changed for later in networkx.ancestors(graph, stage)}
    return {stage.addressing for stage in depending.union(changed)}


@contextmanager
def rewritten(path: Path, change: Callable[[str], str]) -> Iterator[None]:
    """Change a file's text; it is what it was afterwards."""
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before
    path.write_text(after, encoding="utf-8")
    try:
        yield
    finally:
        path.write_text(before, encoding="utf-8")


def stale_with(project: Path, raw: dict[str, Any]) -> set[str]:
    """What is stale with other parameters; JSON is YAML, in another layout."""
    with rewritten(project / "params.yaml", lambda text: json.dumps(raw)), resolved(project) as now:
        return stale(now)


def runs_of(name: str) -> list[str]:
    """The runs of a task or on a data set."""
    return [
        run
        for run, settings in RAW["runs"].items()
        if name in (settings["task"], settings["dataset"])
    ]


def expand(names: str) -> set[str]:
    """Stages as `train@*music report` writes them: * is every run, of the task or data set."""
    expanded = set()
    for name in names.split():
        stage, at, item = name.partition("@")
        runs = [item]
        if item.startswith("*"):
            runs = runs_of(item[1:]) if item[1:] else list(RAW["runs"])
        expanded |= {f"{stage}{at}{run}" for run in runs}
    return expanded


# ---------------------------------------------------------------------------- what goes stale


def test_nothing_is_stale_without_a_change(stages):
    assert stale(stages) == set()


PARAMETERS = [
    ("report.title", "report"),
    ("runs.music_relative.title", "report"),
    (
        "runs.music_relative.training.learning_rate",
        "train@music_relative decode@music_relative evaluate@music_relative judge report",
    ),
    (
        "runs.music_relative.model.num_layers",
        "train@music_relative decode@music_relative evaluate@music_relative judge report",
    ),
    (
        "runs.music_relative.decoding.sampling.temperature",
        "decode@music_relative evaluate@music_relative judge report",
    ),
    (
        "runs.translation_sinusoid.decoding.method.beam_size",
        "decode@translation_sinusoid evaluate@translation_sinusoid judge report",
    ),
    (
        "runs.classification_attention.evaluation.shown_passages",
        "evaluate@classification_attention judge report",
    ),
    ("runs.image_local_1d.evaluation.bootstrap_samples", "evaluate@image_local_1d judge report"),
    (
        "datasets.chorales.encoding.splits.seed",
        "encode@chorales train@*music decode@*music evaluate@*music judge report",
    ),
    (
        "datasets.digits.source.sha256",
        "download@digits encode@digits train@*digits decode@*digits evaluate@*digits judge report",
    ),
]


@pytest.mark.parametrize(("path", "expected"), PARAMETERS, ids=[path for path, _ in PARAMETERS])
def test_a_changed_parameter_makes_stale_what_depends_on_it_and_nothing_else(
    project, path, expected
):
    raw = copy.deepcopy(RAW)
    section: dict[str, Any] = raw
    *sections, key = path.split(".")
    for name in sections:
        section = section[name]
    section[key] = section[key] * 2  # a number or a text

    assert stale_with(project, raw) == expand(expected) | {"check"}


def test_a_new_run_makes_stale_nothing_but_itself_the_judgement_and_the_report(project):
    raw = copy.deepcopy(RAW)
    raw["runs"]["another"] = raw["runs"]["music_relative"]

    expected = "check train@another decode@another evaluate@another judge report"
    assert stale_with(project, raw) == expand(expected)


def test_another_layout_of_the_same_parameters_makes_nothing_stale(project):
    assert stale_with(project, RAW) == set()


CODE = [
    ("pipeline/config.py", ""),
    ("pipeline/settings/training.py", ""),
    ("pipeline/console.py", ""),
    ("pipeline/tasks/music/spec.py", "judge report"),
    ("pipeline/tasks/music/fit.py", "judge report"),
    ("pipeline/tasks/music/measures.py", "evaluate@*music judge report"),
    ("pipeline/tasks/music/reporting/arcs.py", "judge report"),
    ("pipeline/tasks/music/composer.py", "judge report"),
    ("pipeline/reporting/__init__.py", "report"),
    ("pipeline/tasks/music/metrics/evaluate.py", "evaluate@*music judge report"),
    ("pipeline/tasks/music/decoding/midi.py", "decode@*music evaluate@*music judge report"),
    ("pipeline/tasks/music/batches.py", "train@*music decode@*music evaluate@*music judge report"),
    (
        "pipeline/tasks/image/encoding/read.py",
        "encode@digits encode@digits_unlabelled train@*image decode@*image evaluate@*image "
        "judge report",
    ),
    (
        "pipeline/tasks/classification/batches.py",
        "train@*classification decode@*classification evaluate@*classification judge report",
    ),
    (
        "pipeline/tasks/translation/decoding/beam.py",
        "decode@*translation evaluate@*translation judge report",
    ),
    (
        "pipeline/encoding/splits.py",
        "encode@home_assistant encode@digits encode@digits_unlabelled encode@chorales encode@qm7 "
        "encode@help_programs train@* decode@* evaluate@* judge report",
    ),
    ("pipeline/decoding/sampling.py", "decode@* evaluate@* judge report"),
    ("pipeline/training/optimizers.py", "train@* decode@* evaluate@* judge report"),
    ("pipeline/records.py", "evaluate@* judge report"),
    ("pipeline/statistics/bootstrap.py", "evaluate@* judge report"),
    ("pipeline/statistics/holm.py", "judge report"),
    ("pipeline/judging/claims.yaml", "judge report"),
    ("reports/benchmarks.json", "judge report"),
    ("reports/faults.json", "report"),
    ("reports/machines.json", "report"),
    ("reports/rates.json", "report"),
    ("models/settings/positions.py", ""),
    ("models/shared/heads.py", "train@* decode@* evaluate@* judge report"),
    ("models/transformer/attention.py", "train@* decode@* evaluate@* judge report"),
    ("models/lstm/layers.py", ""),
    ("models/gru/layers.py", ""),
    ("models/pixelcnn/layers.py", ""),
    ("models/row_lstm/layers.py", ""),
    ("models/ggnn/towers.py", ""),
    (
        "models/positions/labelled_edges.py",
        "train@*molecules decode@*molecules evaluate@*molecules judge report",
    ),
    ("models/positions/rotary.py", "report"),
    (
        "models/positions/skewed_relative.py",
        "train@music_relative decode@music_relative evaluate@music_relative judge report",
    ),
]


@pytest.mark.parametrize(("file", "expected"), CODE, ids=[file for file, _ in CODE])
def test_changed_code_makes_stale_what_runs_it_and_nothing_else(project, stages, file, expected):
    with rewritten(project / file, lambda text: f"{text}\n"):
        assert stale(stages) == expand(expected)


def test_parameters_are_checked_before_anything_else_runs(project):
    """DVC removes the outputs of a stage before it runs, also of one that refuses a parameter."""
    with Repo(str(project)) as repo:
        order = plan_repro(repo.index.graph, list(repo.index.stages))
    first, *others = [stage.addressing for stage in order]
    assert first == "check"
    assert (
        len(others) == len(RAW["datasets"]) * 2 + len(RAW["runs"]) * 3 + 3
    )  # scratch, judge, report


# ---------------------------------------------------------------------------- what is declared


def test_every_module_that_a_stage_imports_is_among_its_dependencies(stages):
    undeclared = {}
    for stage in stages:
        declared = code_of(stage)
        undeclared[stage.addressing] = [
            str(module)
            for module in sorted(imported_by(stage))
            if not any(map(module.is_relative_to, declared)) and not is_without_values(module)
        ]

    assert {stage: modules for stage, modules in undeclared.items() if modules} == {}


def test_every_module_that_a_demonstration_imports_is_among_its_dependencies():
    """The default scale has none, so that DVC resolves no such stage there."""
    graph = YAML(typ="safe", pure=True).load((ROOT / "dvc.yaml").read_text(encoding="utf-8"))
    stage = graph["stages"]["demonstrate"]["do"]
    declared = [
        dep.removeprefix("${code}/").replace("${item.task}", "image") for dep in stage["deps"]
    ]

    undeclared = [
        str(module)
        for module in imported_by_command(stage["cmd"], EVERY | {"task": ["image"]})
        if not any(map(module.is_relative_to, declared)) and not is_without_values(module)
    ]
    assert sorted(undeclared) == []


def test_every_file_of_code_among_the_dependencies_is_imported_by_a_stage_of_that_kind(stages):
    """A folder may hold more than a stage imports; a single file is there because it is used."""
    declared, imported = defaultdict(set), defaultdict(set)
    for stage in stages:
        kind = stage.addressing.partition("@")[0]
        files = [str(path) for path in code_of(stage) if path.suffix]
        declared[kind].update(map(of_any_task, files))
        imported[kind].update(of_any_task(str(path)) for path in imported_by(stage))

    assert {kind: sorted(files - imported[kind]) for kind, files in declared.items()} == {
        kind: [] for kind in declared
    }


def code_of(stage: PipelineStage) -> list[Path]:
    """The files and folders of code among the dependencies of a stage."""
    paths = [Path(dep.def_path) for dep in stage.deps]
    return [path for path in paths if path.parts[0] in ("pipeline", "models")]


def of_any_task(path: str) -> str:
    """One definition serves all stages of a kind: what one task or one run imports all declare."""
    path = re.sub(r"pipeline/tasks/\w+/", "pipeline/tasks/<task>/", path)
    return re.sub(r"models/positions/\w+\.py", "models/positions/<kind>.py", path)


def is_without_values(module: Path) -> bool:
    general = Path(of_any_task(str(module)))
    return any(map(general.is_relative_to, NO_VALUES))


def test_the_modules_without_values_are_imported_by_stages(stages):
    modules = {module for stage in stages for module in imported_by(stage)}
    imported = {Path(of_any_task(str(module))) for module in modules}

    unused = [
        path for path in NO_VALUES if not any(module.is_relative_to(path) for module in imported)
    ]
    assert unused == []


def imported_by(stage: PipelineStage) -> set[Path]:
    """The modules of this repository that the command of `stage` imports, directly or not."""
    item = stage.addressing.partition("@")[2]
    if stage.addressing == "scratch":  # a command of the shell
        return set()
    chosen = EVERY
    if item in RAW["datasets"]:
        chosen = EVERY | {"task": [RAW["datasets"][item]["task"]]}
    elif item in RAW["runs"]:
        run = RAW["runs"][item]
        model = run["model"]
        chosen = {
            "task": [run["task"]],
            "architecture": [model["architecture"]],
            "kind": [model["positions"]["kind"]],
        }
    return imported_by_command(stage.cmd, chosen)


# What modules are chosen by when a command runs, and all that can be chosen.
EVERY = {
    "task": list(specs()),
    "architecture": [path.parent.name for path in (ROOT / "models").glob("*/network.py")],
    "kind": [path.stem for path in (ROOT / "models/positions").glob("[a-z]*.py")],
}


def imported_by_command(command: str, chosen: dict[str, list[str]]) -> set[Path]:
    """The same of a command that loads the `chosen` modules, and the specs of all tasks."""
    name = re.match(r"exec python \S+/pipeline (\w+)", command).group(1)
    found: set[Path] = set()
    waiting = [*modules_of("pipeline.__main__"), *modules_of(f"pipeline.{name}")]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            for imported in imports_of(path):
                if imported == "pipeline.tasks.<task>.<module>":  # a command, which no stage runs
                    continue
                of_all = imported == "pipeline.tasks.<task>.spec"
                for name in resolutions(imported, EVERY if of_all else chosen):
                    waiting.extend(modules_of(name))
    return {path for path in found if not is_empty(path)}


def resolutions(name: str, chosen: dict[str, list[str]]) -> list[str]:
    """The module names that `name` stands for, where <task>, <architecture>, <kind> are chosen."""
    names = [name]
    for key, values in chosen.items():
        names = [each.replace(f"<{key}>", value) for each in names for value in values]
    return list(dict.fromkeys(names))


@functools.cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse((ROOT / path).read_text(encoding="utf-8"))


@functools.cache
def imports_of(path: Path) -> list[str]:
    """The names that a module imports; `part(..., "name")` imports that part of a task."""
    imported = []
    for node in ast.walk(tree_of(path)):
        match node:
            case ast.Import(names=names):
                imported += [name.name for name in names]
            case ast.ImportFrom(module=module, names=names, level=0):
                imported += [f"{module}.{name.name}" for name in names]
            case ast.ImportFrom():
                raise AssertionError(f"{path}: a relative import, which this test does not follow")
            case ast.Call(func=ast.Name(id="part"), args=[_, ast.Constant(value=name)]):
                imported.append(f"pipeline.tasks.<task>.{name}")
            case ast.Call(func=ast.Name(id="import_module"), args=[ast.JoinedStr(values=parts)]):
                imported.append("".join(map(template_of, parts)))
            case ast.Call(func=ast.Name(id="part")):
                raise AssertionError(f"{path}: a part whose name this test cannot read")
    return imported


def template_of(part: ast.expr) -> str:
    """A part of an f-string as text: {settings.kind} as <kind>."""
    match part:
        case ast.Constant(value=text):
            return text
        case ast.FormattedValue(value=ast.Attribute(attr=name) | ast.Name(id=name)):
            return f"<{name}>"
    raise AssertionError(f"an import of a name that this test cannot read: {ast.unparse(part)}")


def modules_of(name: str) -> Iterator[Path]:
    """The files that `import name` executes, if it is ours: the module and its packages."""
    parts = name.split(".")
    for length in range(1, len(parts) + 1):
        path = Path(*parts[:length])
        if (ROOT / path / "__init__.py").exists():
            yield path / "__init__.py"
        elif (ROOT / path).with_suffix(".py").exists():
            yield path.with_suffix(".py")


def is_empty(path: Path) -> bool:
    """Whether a module has no statement but a docstring."""
    body = tree_of(path).body
    return all(isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) for node in body)


@pytest.mark.parametrize("scale", ["", "lecture", "paper", "tuning"])
def test_dvc_reads_the_parameters_as_we_do(scale):
    """Merge keys too, which YAML 1.2 does not have."""
    path = ROOT / scale / "params.yaml"
    params = config.load(path).model_dump(mode="json")
    assert load_yaml(str(path)) == params


@pytest.mark.parametrize("file", ["params.yaml", "tests/smoke/params.yaml"])
def test_no_two_runs_share_a_mapping(file):
    """DVC's --set-param writes into the mapping of a run, and so into all that share it."""
    raw = parse_yaml_for_update((ROOT / file).read_text(encoding="utf-8"), file)
    mappings = list(mappings_in(raw))
    assert len(mappings) > 30
    assert len({id(mapping) for mapping in mappings}) == len(mappings)


def mappings_in(value: Any) -> Iterator[dict[str, Any]]:
    """All mappings inside a parsed file, those that a merge brings included."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from mappings_in(inner)


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("runs.translation_sinusoid.training.learning_rate", 0.001),  # which others merge
        ("runs.music_relative.training.learning_rate", 0.001),  # merged
        ("runs.music_sinusoid.training.optimizer.beta1", 0.8),
        ("runs.image_local_2d.decoding.sampling.temperature", 0.5),
        ("datasets.digits.encoding.splits.seed", 2),
    ],
)
def test_set_param_changes_that_parameter_alone(path, value, tmp_path):
    file = tmp_path / "params.yaml"
    shutil.copy(ROOT / "params.yaml", file)
    apply_overrides(str(file), [f"{path}={value}"])

    before, after = (dict(leaves(load_yaml(str(each)))) for each in (ROOT / "params.yaml", file))
    assert before != after == before | {path: value}


@pytest.mark.parametrize(
    ("path", "settings"),
    [
        ("runs.translation_sinusoid.decoding.method", {"kind": "greedy"}),
        ("runs.music_relative.model.positions", {"kind": "rotary", "base": 10000.0}),
        (
            "runs.music_sinusoid.training.schedule",
            {"kind": "cosine", "warmup_steps": 200, "final_ratio": 0.1},
        ),
    ],
)
def test_set_param_replaces_settings_by_those_of_another_kind(path, settings, tmp_path):
    """~ takes the old ones away, with those that the new kind does not have; + adds the new."""
    file = tmp_path / "params.yaml"
    shutil.copy(ROOT / "params.yaml", file)
    given = ",".join(f"{key}:{value}" for key, value in settings.items())
    apply_overrides(str(file), [f"~{path}", f"+{path}={{{given}}}"])

    changed: Any = load_yaml(str(file))
    config.parse(changed, file)
    for name in path.split("."):
        changed = changed[name]
    assert changed == settings


@pytest.mark.parametrize("scale", ["lecture", "paper", "tuning"])
def test_every_scale_has_the_same_graph(scale):
    assert (ROOT / scale / "dvc.yaml").read_bytes() == (ROOT / "dvc.yaml").read_bytes()
