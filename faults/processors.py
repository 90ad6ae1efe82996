"""Reproducible numerics on other processors, emulated by QEMU.

    python -m faults.processors

Every architecture, position scheme and task is trained for a few updates, decoded and evaluated,
here and on each of CPUS; all outputs have to have the same hashes. Needs qemu-user (Debian's
package of that name) and takes about half an hour.
"""

import copy
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any, NamedTuple

from faults.rows import record
from faults.scale import ROOT, SMOKE, hashes, read, stage, write

QEMU = "qemu-x86_64"
CPUS = {"Haswell": "Intel", "Skylake-Client": "Intel", "EPYC": "AMD"}  # with their vendors
OUTPUTS = "data", "runs", "reports"


Section = dict[str, Any]


class Variant(NamedTuple):
    """A run of the smoke scale, and what differs in its sections.

    A model that names an architecture is given whole.
    """

    of: str
    model: Section = {}
    training: Section = {}
    decoding: Section = {}
    dataset: str | None = None


TRANSLATION, IMAGE, MUSIC = "translation_sinusoid", "image_local_2d", "music_relative"
UNLABELLED = "digits_unlabelled"
# Widths of the default scale: kernels depend on the size of a product.
WIDE = {"d_model": 128, "num_heads": 4, "d_ff": 512}
SMALL = {"d_model": 32, "num_layers": 2, "dropout": 0.1}
LSTM = SMALL | {"architecture": "lstm", "positions": {"kind": "none"}}
CONVOLUTION = SMALL | {"architecture": "convs2s", "positions": {"kind": "sinusoid"}}
PIXELCNN = SMALL | {"architecture": "pixelcnn", "positions": {"kind": "none"}}
SHAW = {"kind": "shaw_relative", "max_distance": 4, "parts": "keys_and_values"}
PITCH_TIME = {"kind": "relative_pitch_time", "max_time_distance": 16, "max_pitch_distance": 24}
LABELLED = {"kind": "concatenated_sinusoid", "labels": "voices"}
BLOCKS = {"kind": "local_1d", "query_block": 16, "memory_block": 16}
VARIANTS = {
    "translation_sinusoid": Variant(TRANSLATION, WIDE),
    "translation_shaw_relative": Variant(TRANSLATION, {"positions": SHAW}),
    "translation_rotary": Variant(TRANSLATION, {"positions": {"kind": "rotary", "base": 10000.0}}),
    "translation_alibi": Variant(TRANSLATION, {"positions": {"kind": "alibi"}}),
    "translation_lstm": Variant(TRANSLATION, LSTM | {"structure": "encoder_decoder"}),
    "translation_convolution": Variant(TRANSLATION, CONVOLUTION | {"kernel_size": 3}),
    "image_local_2d": Variant(IMAGE),
    "image_local_1d": Variant(IMAGE, {"attention": BLOCKS}),
    "image_learned": Variant(IMAGE, {"positions": {"kind": "learned", "max_length": 64}}),
    "image_mixture": Variant(IMAGE, {"output": {"kind": "logistic_mixture", "mixtures": 5}}),
    "image_pixelcnn": Variant(IMAGE, PIXELCNN | {"first_kernel_size": 7, "kernel_size": 3}),
    "image_enlarged": Variant(
        IMAGE,
        {"structure": "encoder_decoder", "super_resolution": 2, "positions_at": "every_layer"},
        decoding={
            "samples_per_class": None,
            "completed_images": 20,
        },  # all: else some resamples are empty
        dataset=UNLABELLED,
    ),
    "music_skewed_relative": Variant(MUSIC, WIDE, {"crop": 332}),
    "music_pitch_time": Variant(MUSIC, {"positions": PITCH_TIME | {"max_distance": 63}}),
    "music_concatenated": Variant(MUSIC, {"positions": LABELLED | {"width": 32}}),
    "music_lstm": Variant(MUSIC, LSTM | {"structure": "decoder"}),
}
# Little to compute: emulated, a multiplication takes about a hundred times as long.
UPDATES = {
    "steps": 2,
    "batch_tokens": 350,
    "average_every": 1,
    "validate_every": 2,
    "checkpoint_every": 2,
    "keep_steps": [],
}
ENCODINGS = {
    "home_assistant": {
        "vocabulary_sentences": 5000,
        "max_test_words": 6,
        "splits": {"validation": 0.01, "test": 0.03, "seed": 1},
    },
    "chorales": {"splits": {"validation": 0.005, "test": 0.01, "seed": 1}},
    "digits": {"splits": {"validation": 0.01, "test": 0.01, "seed": 1}},
}


def main() -> None:
    """Run all here and on each processor; print, record, and fail if an output differs."""
    if shutil.which(QEMU) is None:
        sys.exit(f"error: {QEMU} not found; install qemu-user (apt-get install qemu-user)")
    numbers = {}
    with tempfile.TemporaryDirectory() as name:
        here = Path(name) / "here"
        write_scale(here)
        download(here)
        shutil.copytree(here, first := Path(name) / "as it is")
        run_on(first)
        expected = hashes(first, *OUTPUTS)
        for cpu, vendor in CPUS.items():
            shutil.copytree(here, folder := Path(name) / cpu)
            run_on(folder, cpu)
            found = hashes(folder, *OUTPUTS)
            differing = sorted(
                path for path in expected | found if expected.get(path) != found.get(path)
            )
            numbers[cpu] = {"vendor": vendor, "runs": len(VARIANTS), "files": len(expected)}
            numbers[cpu] |= {"differ": len(differing)}
            print(cpu, numbers[cpu], *differing, sep="\n  ", flush=True)
    record("processors", "python -m faults.processors", numbers)
    wrong = [cpu for cpu, found in numbers.items() if found["differ"]]
    if wrong:
        sys.exit(f"error: outputs differ on {', '.join(wrong)}")


def write_scale(folder: Path) -> None:
    """Write the params.yaml of all VARIANTS."""
    raw = read(SMOKE)
    datasets, runs = raw["datasets"], raw["runs"]
    for name, encoding in ENCODINGS.items():
        datasets[name]["encoding"] |= encoding
    datasets[UNLABELLED] = copy.deepcopy(datasets["digits"])
    datasets[UNLABELLED]["encoding"]["classes"] = 1
    raw["runs"] = {name: _changed(runs[variant.of], variant) for name, variant in VARIANTS.items()}
    write(raw, folder)


def _changed(run: Section, variant: Variant) -> Section:
    whole = "architecture" in variant.model
    return run | {
        "dataset": variant.dataset or run["dataset"],
        "model": variant.model if whole else run["model"] | variant.model,
        "training": run["training"] | UPDATES | variant.training,
        "decoding": run["decoding"] | variant.decoding,
    }


def download(folder: Path) -> None:
    """Download the data."""
    for dataset in read(folder)["datasets"]:
        done = stage(folder, "download", dataset)
        assert done.returncode == 0, done.stderr


def run_on(folder: Path, cpu: str | None = None) -> None:
    """Run all stages on an emulated processor; None: on this one."""
    # The interpreter of a virtual environment is a link, and finds its packages by its own path.
    python = os.path.realpath(sys.executable)
    packages = os.pathsep.join([str(ROOT), sysconfig.get_path("purelib")])
    subprocess.run(
        [*([QEMU, "-cpu", cpu] if cpu else []), python, "-m", "faults.stages"],
        cwd=folder,
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": packages},
        check=True,
    )


if __name__ == "__main__":
    main()
