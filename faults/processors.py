"""Reproducible numerics on other processors, emulated by QEMU.

    python -m faults.processors [CPU ...]

The first records of each data set are encoded, and every architecture, position scheme and task is
trained for a few updates, decoded and evaluated, here and on each of CPUS; all outputs have to have
the same hashes. Needs qemu-user (Debian's package of that name). What is finished stays in WORK: an
interrupted run goes on; a change of parameters or data runs what they concern again, one of the
code everything.
"""

import argparse
import hashlib
import json
import os
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from faults import shortened
from faults.rows import record
from faults.scale import ROOT, hashes, read
from faults.stages import LOG, RESULTS
from faults.variants import VARIANTS, write_scale
from pipeline.files import read_json, sha256_of, write_json

QEMU = "qemu-x86_64"
CPUS = {"Haswell": "Intel", "Skylake-Client": "Intel", "EPYC": "AMD"}  # with their vendors
WORK = Path(".work/processors")
HERE = "here"  # this processor, and its folder beside those of CPUS
DOWNLOADED = WORK / "downloaded"
RAW = Path("data/raw")
FMA = Path(__file__).with_name("fma.c")
_CODE = "models", "pipeline", "requirements.txt"


class Finished(NamedTuple):
    """A part of the scale that is finished."""

    key: str  # of all that decides its outputs
    seconds: float  # of processor time
    files: dict[str, str]  # hashes of its outputs


def main(cpus: list[str]) -> None:
    """Run all here and on `cpus`; print and record each part, and fail if an output differs."""
    if shutil.which(QEMU) is None:
        sys.exit(f"error: {QEMU} not found; install qemu-user (apt-get install qemu-user)")
    fetch()
    keys = keys_of_parts()
    for name, part in run_on(HERE, keys):
        print(f"{HERE}: {name}, {part.seconds:.1f} s", flush=True)
    for cpu in cpus:
        for name, part in run_on(cpu, keys):
            verdict = " ".join(differing(cpu, keys)[name]) or f"{len(part.files)} files the same"
            print(f"{cpu}: {name}, {part.seconds:.1f} s, {verdict}", flush=True)
            record("processors", "python -m faults.processors", numbers(keys))
    wrong = [cpu for cpu in cpus if any(differing(cpu, keys).values())]
    if wrong:
        sys.exit(f"error: outputs differ on {', '.join(wrong)}")


def run_on(processor: str, keys: dict[str, str]) -> Iterator[tuple[str, Finished]]:
    """Run the parts of the scale that are not finished, and yield them as they are.

    SystemExit if a stage fails.
    """
    names = [name for name in keys if name not in finished(processor, keys)]
    if not names:
        return
    folder = WORK / processor
    write_scale(folder)
    shutil.copytree(DOWNLOADED / RAW, folder / RAW, dirs_exist_ok=True)
    packages = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    with (
        (folder / LOG).open("a") as log,
        subprocess.Popen(
            [*_stages_on(processor), *names],
            cwd=folder,
            env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": packages},
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as process,
    ):
        for line in process.stdout or ():
            name, seconds = line.split()
            part = Finished(keys[name], float(seconds), outputs(folder, name))
            write_json(_marker(processor, name), part._asdict())
            yield name, part
    if process.returncode:
        sys.exit(f"error: {processor}: a stage failed; see {folder / LOG}")


def fetch() -> None:
    """Download and shorten the data, unless that is done."""
    write_scale(DOWNLOADED)
    done, datasets = DOWNLOADED / "key.json", read(DOWNLOADED)["datasets"]
    key = _hash(
        [dataset["source"] for dataset in datasets.values()], sha256_of(Path(shortened.__file__))
    )
    if not (done.exists() and read_json(done) == key):
        shortened.download(DOWNLOADED)
        write_json(done, key)


def keys_of_parts() -> dict[str, str]:
    """A hash of all that decides the outputs of each part of the scale, in their order."""
    scale, code = read(DOWNLOADED), _code()
    data = {name: [dataset, _raw(name)] for name, dataset in scale["datasets"].items()}
    runs = {name: [run, data[run["dataset"]]] for name, run in scale["runs"].items()}
    parts = data | runs | {RESULTS: [data, runs, scale["report"]]}
    return {name: _hash(code, part) for name, part in parts.items()}


def outputs(folder: Path, name: str) -> dict[str, str]:
    """The hashes of the outputs of a part."""
    patterns = [f"data/encoded/{name}", f"runs/{name}", f"reports/*/{name}.*"]
    if name == RESULTS:
        patterns = ["reports/*.*"]
    found = [path.relative_to(folder) for pattern in patterns for path in folder.glob(pattern)]
    return hashes(folder, *map(str, found))


def finished(processor: str, keys: dict[str, str]) -> dict[str, Finished]:
    """The parts that are finished and have these keys."""
    markers = {name: _marker(processor, name) for name in keys}
    parts = {name: Finished(**read_json(path)) for name, path in markers.items() if path.exists()}
    return {name: part for name, part in parts.items() if part.key == keys[name]}


def differing(cpu: str, keys: dict[str, str]) -> dict[str, list[str]]:
    """The outputs of each finished part that are not those of this processor."""
    here = finished(HERE, keys)
    return {
        name: sorted({path for path, _ in here[name].files.items() ^ part.files.items()})
        for name, part in finished(cpu, keys).items()
    }


def numbers(keys: dict[str, str]) -> dict[str, dict[str, Any]]:
    """The numbers of the row, for each of CPUS that has finished parts."""
    row = {}
    for cpu, vendor in CPUS.items():
        if parts := finished(cpu, keys):
            row[cpu] = {
                "vendor": vendor,
                "runs": len(parts.keys() & VARIANTS.keys()),
                "files": sum(len(part.files) for part in parts.values()),
                "differ": sum(map(len, differing(cpu, keys).values())),
                "seconds": round(sum(part.seconds for part in parts.values())),
            }
    return row


def _marker(processor: str, name: str) -> Path:
    return WORK / processor / "finished" / f"{name}.json"


def _raw(dataset: str) -> list[str]:
    return sorted(hashes(DOWNLOADED, RAW / dataset).values())


def _code() -> dict[str, str]:
    return {
        path: found for path, found in hashes(ROOT, *_CODE).items() if "__pycache__" not in path
    }


def _hash(*parts: Any) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _stages_on(processor: str) -> list[str]:
    # The interpreter of a virtual environment is a link, and finds its packages by its own path.
    stages = [os.path.realpath(sys.executable), "-m", "faults.stages"]
    if processor == HERE:
        return stages
    preloaded = [f"LD_PRELOAD={library}"] if (library := _fast_fma()) else []
    return ["env", *preloaded, QEMU, "-U", "LD_PRELOAD", "-cpu", processor, *stages]


def _fast_fma() -> Path | None:
    """A library for the emulator, which is ten times as slow without; None without a compiler."""
    library = (WORK / "fma.so").resolve()
    if (compiler := shutil.which("cc")) is None:
        return None
    options = ["-O2", "-mfma", "-shared", "-fPIC"]
    subprocess.run([compiler, *options, FMA, "-o", library], check=True)
    return library


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cpus", nargs="*", metavar="CPU", help=f"of {', '.join(CPUS)}; all if none")
    chosen = parser.parse_args().cpus
    if unknown := set(chosen) - CPUS.keys():
        parser.error(f"{', '.join(sorted(unknown))}: not one of {', '.join(CPUS)}")
    main(chosen or list(CPUS))
