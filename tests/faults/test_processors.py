import ctypes
import shutil
import sys
from fractions import Fraction
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from ruamel.yaml import YAML

from faults import processors
from faults.processors import CPUS, DOWNLOADED, HERE, QEMU, RAW, WORK, main
from faults.stages import RESULTS
from faults.variants import VARIANTS, write_scale
from models.settings import ModelSettings, Positions, Structure
from models.settings.attention import Attention
from models.settings.choices import Output, Readout
from pipeline import config, processor
from pipeline.tasks import specs
from pipeline.tasks.classification.settings import Target
from tests.models.settings.test_architectures import members


def kinds(union, field: str) -> set[str]:
    """The values of the literal `field` in a union of settings, and in unions inside it."""
    types = members(union)
    return {get_args(each.model_fields[field].annotation)[0] for each in types}


def test_runs_have_every_architecture_position_scheme_attention_head_and_task(tmp_path):
    write_scale(tmp_path)
    runs = config.load(tmp_path / "params.yaml").runs.values()
    models = [run.model for run in runs]
    transformers = [model for model in models if model.architecture == "transformer"]
    assert {run.task for run in runs} == set(specs())
    architectures = {model.architecture for model in models}
    assert architectures == kinds(ModelSettings, "architecture")
    assert {model.positions.kind for model in models} == kinds(Positions, "kind")
    assert {model.attention.kind for model in transformers} == kinds(Attention, "kind")
    assert {model.output.kind for model in transformers} == kinds(Output, "kind")
    assert {model.super_resolution for model in transformers} == {None, 2}
    structures = {model.architecture: set() for model in models}
    for model in models:
        structures[model.architecture].add(model.structure)
    assert structures["transformer"] == structures["lstm"] == set(Structure)
    assert {run.training.objective.kind for run in runs if run.task == "classification"} == {
        *Target
    }
    readouts = {model.readout.kind for model in models if model.architecture == "ggnn"}
    assert readouts == kinds(Readout, "kind")


# In place of faults.stages: writes a file for each part, in the folder of a processor, and stops
# before the part that the file `stop` names.
STAGES = """
import ctypes
import shutil
import sys
from fractions import Fraction
from pathlib import Path
for name in sys.argv[1:]:
    if Path("../stop").exists() and Path("../stop").read_text() == f"{Path.cwd().name} {name}":
        sys.exit("stopped")
    weights = Path("reports/weights.json" if name == "results" else f"runs/{name}/weights")
    weights.parent.mkdir(parents=True, exist_ok=True)
    differs = Path("../differs").exists() and Path("../differs").read_text() == Path.cwd().name
    weights.write_text("other" if differs and name == "image_mixture" else "same")
    with Path("../ran").open("a") as ran:
        print(Path.cwd().name, name, file=ran)
    print(name, 1.5, flush=True)
"""
DATA = ("home_assistant", "digits", "chorales", "qm7", "help_programs", "digits_unlabelled")
PARTS = (*DATA, *VARIANTS, RESULTS)


@pytest.fixture
def rows(tmp_path, monkeypatch) -> list[dict]:
    """The rows that are recorded, with STAGES and without data."""

    def fetch():
        write_scale(DOWNLOADED)
        (DOWNLOADED / RAW).mkdir(parents=True, exist_ok=True)

    recorded = []
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processors.shutil, "which", lambda name: name)
    monkeypatch.setattr(processors, "fetch", fetch)
    monkeypatch.setattr(processors, "_stages_on", lambda cpu: [sys.executable, "-c", STAGES])
    monkeypatch.setattr(processors, "record", lambda *row: recorded.append(row[2]))
    return recorded


def ran() -> list[str]:
    """The parts that ran since the last call, each with its processor."""
    path = WORK / "ran"
    found = path.read_text().splitlines()
    path.unlink()
    return found


def on(processor: str, parts: tuple[str, ...]) -> list[str]:
    return [f"{processor} {part}" for part in parts]


def test_every_part_runs_once_on_each_processor(rows, capsys):
    main(list(CPUS))
    assert ran() == [line for processor in (HERE, *CPUS) for line in on(processor, PARTS)]
    parts = len(PARTS)
    expected = {"runs": len(VARIANTS), "files": parts, "differ": 0, "seconds": round(1.5 * parts)}
    assert rows[-1] == {cpu: {"vendor": vendor} | expected for cpu, vendor in CPUS.items()}
    assert "EPYC: image_mixture, 1.5 s, 1 files the same\n" in capsys.readouterr().out
    main(["EPYC"])
    assert not (WORK / "ran").exists()


def test_rows_are_recorded_as_parts_are_finished(rows):
    main(["Haswell"])
    assert [row["Haswell"]["files"] for row in rows] == list(range(1, len(PARTS) + 1))


def test_a_processor_with_another_file_fails_and_is_recorded(rows, capsys):
    WORK.mkdir(parents=True)
    (WORK / "differs").write_text("EPYC")
    with pytest.raises(SystemExit, match="outputs differ on EPYC$"):
        main(["Haswell", "EPYC"])
    assert "EPYC: image_mixture, 1.5 s, runs/image_mixture/weights\n" in capsys.readouterr().out
    assert {cpu: found["differ"] for cpu, found in rows[-1].items()} == {"Haswell": 0, "EPYC": 1}
    with pytest.raises(SystemExit, match="outputs differ on EPYC$"):
        main(["EPYC"])  # which has nothing left to run


def test_an_interrupted_run_goes_on(rows):
    WORK.mkdir(parents=True)
    (stop := WORK / "stop").write_text("Haswell translation_lstm")
    with pytest.raises(SystemExit, match="Haswell: a stage failed; see .*Haswell/stages.log$"):
        main(["Haswell"])
    assert (WORK / "Haswell" / "stages.log").read_text() == "stopped\n"
    done = PARTS.index("translation_lstm")
    assert ran() == on(HERE, PARTS) + on("Haswell", PARTS[:done])
    stop.unlink()
    main(["Haswell"])
    assert ran() == on("Haswell", PARTS[done:])


def change(path: Path, *keys: str) -> None:
    params = YAML(typ="safe").load(path)
    section = params
    for key in keys[:-1]:
        section = section[key]
    section[keys[-1]] += 1
    YAML().dump(params, path)


@pytest.mark.parametrize(
    ("keys", "again"),
    [
        (("runs", "music_lstm", "training", "seed"), ("music_lstm",)),
        (
            ("datasets", "digits_unlabelled", "encoding", "splits", "seed"),
            ("digits_unlabelled", "image_enlarged"),
        ),
    ],
)
def test_what_a_parameter_concerns_runs_again(keys, again, rows, monkeypatch):
    main(["Haswell"])
    ran()
    monkeypatch.setattr(processors, "fetch", lambda: change(DOWNLOADED / "params.yaml", *keys))
    main(["Haswell"])
    assert ran() == on(HERE, (*again, RESULTS)) + on("Haswell", (*again, RESULTS))


def test_a_change_of_the_code_or_the_data_runs_what_it_concerns(rows, monkeypatch):
    main(["Haswell"])
    ran()
    (wheel := DOWNLOADED / RAW / "chorales" / "a.whl").parent.mkdir()
    wheel.touch()
    main(["Haswell"])
    music = tuple(name for name in VARIANTS if name.startswith("music"))
    assert ran()[: len(music) + 2] == on(HERE, ("chorales", *music, RESULTS))
    monkeypatch.setattr(processors, "_CODE", ("faults/rows.py",))
    main(["Haswell"])
    assert ran() == on(HERE, PARTS) + on("Haswell", PARTS)


def test_without_qemu_the_remedy_is_named(monkeypatch):
    monkeypatch.setattr(processors.shutil, "which", lambda name: None)
    with pytest.raises(SystemExit, match=f"{QEMU} not found; install qemu-user"):
        main(["EPYC"])


@pytest.mark.skipif(
    shutil.which("cc") is None or not processor.vectors(), reason="no compiler, or no FMA"
)
def test_the_emulators_multiplications_round_once(tmp_path, monkeypatch):
    monkeypatch.setattr(processors, "WORK", tmp_path)
    library = ctypes.CDLL(processors._fast_fma())
    draws = np.random.default_rng(1).standard_normal((100, 3))
    for number, c_type, bits in (np.float64, ctypes.c_double, 53), (np.float32, ctypes.c_float, 24):
        fma = getattr(library, "fma" if number is np.float64 else "fmaf")
        fma.restype, fma.argtypes = c_type, [c_type] * 3
        odd = 1 + 2.0 ** -((bits + 1) // 2)
        exact = Fraction(odd) ** 2 - 1
        assert fma(odd, odd, -1.0) == exact != number(odd) * number(odd) - 1
        for a, b, c in draws.astype(number).tolist():
            exact = Fraction(a) * Fraction(b) + Fraction(c)
            found = number(fma(a, b, c))
            error = abs(Fraction(float(found)) - exact)
            for other in np.nextafter(found, number([-9, 9])).tolist():
                assert error <= abs(Fraction(other) - exact)
