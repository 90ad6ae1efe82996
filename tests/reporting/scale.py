"""The results of a small made-up scale, with the layout and the formats of real ones."""

import json
import math
import shutil
from collections.abc import Mapping, Sequence
from contextlib import chdir
from pathlib import Path

import numpy as np
import pretty_midi
import soundfile
from PIL import Image
from ruamel.yaml import YAML

from models.settings import TransformerSettings
from pipeline import config, judge
from pipeline import records as module
from pipeline.config import Params
from pipeline.files import write_json
from pipeline.records import Records, RunRecords, read_records, records_path
from pipeline.tasks.classification.settings import ClassificationRun
from pipeline.tasks.image.settings import ImageRun
from pipeline.tasks.molecules.settings import MoleculeRun
from pipeline.tasks.music.settings import MusicRun
from pipeline.tasks.translation.metrics.counting import bleu_counts
from pipeline.tasks.translation.metrics.statistics import BLEU
from pipeline.tasks.translation.settings import TranslationRun

ROOT = Path(__file__).resolve().parents[2]

SENTENCES = [
    ("Turn on the light", "Schalte das Licht ein", "Schalte das Licht ein"),
    (
        "The device is already configured",
        "Das Gerät ist bereits konfiguriert",
        "Gerät ist bereits konfiguriert",
    ),
    (
        "Failed to connect to {host}",
        "Verbindung zu {host} fehlgeschlagen",
        "Verbindung zu {host} fehlgeschlagen",
    ),
    (
        "The two-factor code is sent to the e-mail address of your account",
        "Der Zwei-Faktor-Code wird an die E-Mail-Adresse deines Kontos gesendet",
        "Der Zwei-Faktor-Authentifizierungscode wird an deine E-Mail-Adresse gesendet",
    ),
    ("Invalid access token", "Ungültiges Zugriffstoken", "Ungültiger Zugangs-Token"),
    (
        "Update the firmware now",
        "Firmware jetzt aktualisieren",
        "Aktualisieren Sie die Firmware jetzt",
    ),
]
METRICS = {
    "translation": {
        "test": {
            "bleu": 23.412, "bleu_low": 21.87, "bleu_high": 24.96,
            "bleu_signature": "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0",
            "chrf": 48.21, "chrf_low": 46.9, "chrf_high": 49.57,
            "chrf_signature": "nrefs:1|case:mixed|eff:yes|nc:6|nw:0|space:no|version:2.6.0",
            "tokenised_bleu": 24.9,
            "tokenised_bleu_signature": "moses:de|sacremoses:0.2.0|nrefs:1|tok:none|version:2.6.0",
            "nats_per_token": 2.318, "sentences": 842,
        },
        "baseline": {"copy_source_bleu": 4.117, "copy_source_chrf": 21.9},
        "positions": {
            "layer_0": {"probe_r2": 0.871},
            "layer_1": {"probe_r2": 0.742, "near_diagonal": 0.413, "near_diagonal_chance": 0.219},
        },
        "search_grid": [
            {"beam_size": size, "length_penalty": alpha, "tokenised_bleu": 20.0 + size + alpha,
             "length_ratio": 0.9 + alpha / 10}
            for size in (1, 4) for alpha in (0.0, 0.6, 1.0)
        ],
    },
    "image": {
        "test": {
            "bits_per_dimension": 2.0514, "bits_per_dimension_low": 2.0199,
            "bits_per_dimension_high": 2.0827, "images": 271,
        },
        "baseline": {"uniform": 4.087463, "unigram": 3.0712, "left_neighbour": 2.6633,
                     "left_difference": 2.7015, "class_and_position": 2.4218, "png": 2.9127,
                     "webp": 2.8106, "jpeg_xl": 2.6021},
    },
    "music": {
        "test": {
            "nats_per_token": 0.5123, "nats_per_token_low": 0.4977, "nats_per_token_high": 0.5281,
            "accuracy": 0.8723, "onset_accuracy": 0.4431, "tokens": 51200, "pieces": 58,
        },
        "baseline": {
            "unigram_nats": 2.647, "bigram_nats": 1.01,
            "hold_accuracy": 0.764, "onset_accuracy": 0.1108,
        },
        "validation": {"nats_per_token": 0.53},
        "by_position": {f"{first:03}-{first + 63:03}": 0.71 - first / 1000
                        for first in range(0, 512, 64)},
        "samples": {
            "distances": {"pitch_class_distance": 0.1, "duration_distance": 0.06},
            "motifs": {"motif_return": 0.21, "shuffled_motif_return": 0.05,
                       "other_motif_return": 0.11, "motifs": 97, "real_motif_return": 0.24,
                       "real_other_motif_return": 0.12},
        },
        "attention": {
            "on_motifs": {"queries": 31, "chance": 0.04, "mean_of_heads": 0.07,
                          "chosen_head": 0.2},
            "heads": {"layer_0_head_0": 0.2, "layer_0_head_1": 0.05},
        },
    },
    "molecules": {
        "test": {"molecules": 40, "mae": 3.41, "mae_low": 3.2, "mae_high": 3.6, "accurate": 0.21},
        "baseline": {"mean": 175.3, "linear": 14.9},
        "relations": {
            "best": {"layer": 0, "head": 1, "relation": "single bond", "attention": 0.62,
                     "pairs": 0.11},
            "labels": ["padding", "itself", "single bond"],
            "pairs": [0.0, 0.1, 0.11],
            "heads": [[[0.0, 0.5, 0.5], [0.0, 0.38, 0.62]]],
        },
    },
    "classification": {
        "test": {"passages": 40, "accuracy": 0.71, "accuracy_low": 0.66, "accuracy_high": 0.77,
                 "macro_f1": 0.65, "macro_f1_low": 0.6, "macro_f1_high": 0.7, "nats": 0.94},
        "baseline": {"frequent": 0.18, "keyword": 0.41, "bayes": 0.69},
        "confusion": [[12, 3], [8, 17]],
        "classes": ["scalc", "swriter"],
        "keywords": {"scalc": "cell", "swriter": "text"},
    },
}  # fmt: skip

ENLARGED = {
    "test": METRICS["image"]["test"] | {"psnr": 14.6, "psnr_of_mean": 16.6, "diversity": 0.1},
    "baseline": METRICS["image"]["baseline"] | {"bicubic": 2.61, "bicubic_psnr": 13.3},
}


def write_scale(folder: Path) -> Params:
    """Write, into `folder`, the default params.yaml with shorter music, and results of its runs."""
    yaml = YAML()
    raw = yaml.load(ROOT / "params.yaml")
    for run in raw["runs"].values():
        if run["task"] == "music":
            run["decoding"].update(
                from_nothing=2, continuations=2, shown_continuations=2, primer_tokens=64, tokens=256
            )
    yaml.dump(raw, folder / "params.yaml")
    params = config.load(folder / "params.yaml")
    for name, dataset in params.datasets.items():
        write_data_facts(folder, name, dataset)
    for index, (name, run) in enumerate(params.runs.items()):
        rng = np.random.default_rng([7, index])
        measured = ENLARGED if getattr(run.model, "super_resolution", None) else METRICS[run.task]
        metrics = {run.task: measured, "model": {"parameters": 1_312_768 + index}}
        write_json(folder / f"reports/measurements/{name}.json", metrics)
        write_curve(folder / f"reports/curves/{name}.csv", run.training.steps, rng)
        samples = folder / "runs" / name / "samples"
        samples.mkdir(parents=True)
        write_records(folder, name, run, rng)
        if isinstance(run, TranslationRun):
            write_translations(samples, rng)
            if isinstance(run.model, TransformerSettings):  # not a baseline
                write_attention(folder / "runs" / name / "records", run)
        elif isinstance(run, ImageRun):
            write_grids(samples, run, rng)
        elif isinstance(run, MusicRun):
            write_chorales(samples, run, rng)
        elif isinstance(run, MoleculeRun):
            write_molecules(folder / "runs" / name)
        elif isinstance(run, ClassificationRun):
            write_passages(folder / "runs" / name)
    judge_scale(folder)
    return params


def judge_scale(folder: Path = Path()) -> None:
    """Run the judge stage in `folder`."""
    with chdir(folder):
        judge.main()


def write_records(folder: Path, name: str, run: config.AnyRun, rng: np.random.Generator) -> None:
    """What each of 40 test records, or of all translations, measures: about as much in each run."""
    tokens = np.full(40, 640)
    match run.task:
        case "translation":
            hypotheses, references = translations("hypothesis"), translations("reference")
            counts = bleu_counts(hypotheses, references, tokenize="13a", lowercase=False)
            statistics = dict(zip(BLEU, counts.T, strict=True))
            statistics["nats"] = rng.uniform(1, 90, len(hypotheses))
            statistics["tokens"] = np.full(len(hypotheses), 20)
        case "image":
            statistics = {"bits": rng.normal(2.0, 0.2, 40) * 64, "dimensions": np.full(40, 64)}
        case "music":
            statistics = {"nats": rng.normal(0.6, 0.1, 40) * tokens, "tokens": tokens}
        case "molecules":
            errors = rng.exponential(3.4, 40)
            statistics = {"absolute_error": errors, "molecules": np.ones(40, int)}
        case "classification":
            correct = rng.random(40) < 0.7
            statistics = {"correct": correct.astype(int), "passages": np.ones(40, int)}
    write_statistics(folder, name, run, statistics)


def write_statistics(
    folder: Path,
    name: str,
    run: config.AnyRun,
    statistics: Mapping[str, Sequence[float]],
    test_set: str = "the same",
    clusters: Sequence[int] | None = None,
) -> None:
    """Write records of the test split, each a cluster of its own if `clusters` do not say."""
    arrays = {key: np.asarray(values) for key, values in statistics.items()}
    if clusters is None:
        clusters = range(len(next(iter(arrays.values()))))
    records = {"test": Records(test_set, clusters, arrays)}
    settings = run.model_dump(mode="json", exclude={"title"})
    module.write_records(folder / records_path(name), RunRecords(settings, records))


def add_further_test(name: str, split: str, **scores: float) -> None:
    """Give a translating run of the scale in the current folder one more test set."""
    path = Path(f"reports/measurements/{name}.json")
    metrics = json.loads(path.read_text())
    of_task = metrics["translation"]
    of_task[split] = {"test": of_task["test"] | scores, "baseline": of_task["baseline"]}
    write_json(path, metrics)
    samples = Path("runs") / name / "samples"
    shutil.copy(samples / "test.jsonl", samples / f"{split}.jsonl")
    records = read_records(name)
    splits = {**records.splits, split: records.splits["test"]}
    module.write_records(records_path(name), RunRecords(records.settings, splits))
    judge_scale()


def write_data_facts(folder: Path, name: str, dataset: config.Dataset) -> None:
    counted = {"records_per_class": [842] * classes} if (classes := _classes(dataset)) else {}
    write_json(
        folder / f"reports/data/{name}.json",
        {
            "dataset": name,
            "task": dataset.task,
            "origin": dataset.source.origin,
            "licence": dataset.source.licence,
            "kind": dataset.source.kind,
            "files": {dataset.source.file: dataset.source.sha256},
            "shape": {"inputs": 4000, "outputs": 4000, "layout": _layout(dataset)},
            "splits": {
                "test": {"records": 842, "tokens": 11873},
                "train": {"records": 12731, "tokens": 178_234} | counted,
                "validation": {"records": 611, "tokens": 8_412},
            },
            "dropped": {"longer than max_words": 312, "near-twin of a held-out sentence": 1204},
            "skipped": [{"record": "tuya/de.json", "reason": "not valid JSON"}],
        },
    )


def _layout(dataset: config.Dataset) -> dict[str, str | int]:
    if dataset.task == "image":
        return {"kind": "image", "height": 8, "width": 8, "channels": 1}
    return {"kind": "sequence"}


def _classes(dataset: config.Dataset) -> int:
    return dataset.encoding.classes if dataset.task == "image" else 0


def write_curve(path: Path, steps: int, rng: np.random.Generator) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    lines = ["step,learning_rate,train_loss,validation_loss,padding"]
    floor = rng.uniform(0.5, 0.6)
    every = steps // 10
    for step in range(every, steps + 1, every):
        loss = floor + 6 * math.exp(-step / (steps / 40)) + 1.6 * math.exp(-step / (steps / 4))
        rate = 0.002 * min(1, step / 200)
        lines.append(f"{step},{rate:.6g},{loss + rng.normal(0, 0.02):.6g},{loss + 0.12:.6g},0.04")
    path.write_text("\n".join(lines) + "\n")


_TRANSLATIONS = 120


def translations(column: str) -> list[str]:
    """The source, reference or hypothesis of each test sentence."""
    index = ("source", "reference", "hypothesis").index(column)
    return [SENTENCES[row % len(SENTENCES)][index] for row in range(_TRANSLATIONS)]


def write_translations(samples: Path, rng: np.random.Generator) -> None:
    columns = ("source", "reference", "hypothesis")
    with (samples / "test.jsonl").open("w", encoding="utf-8") as file:
        for texts in zip(*map(translations, columns), strict=True):
            line = dict(zip(columns, texts, strict=True))
            line["score"] = round(-float(rng.exponential(0.8)), 6)
            file.write(json.dumps(line, ensure_ascii=False) + "\n")


def write_attention(records: Path, run: TranslationRun) -> None:
    """Heads of one sentence that look straight on, the further back the higher their number."""
    source, target = ["▁Turn", "▁on", "▁the", "▁li", "ght", "</s>"], ["<s>", "▁Licht", "▁ein"]

    def heads(queries: int, keys: int) -> list[list[list[int]]]:
        rows = np.arange(queries)
        weights = np.zeros((run.model.num_heads, queries, keys), int)
        for head in range(run.model.num_heads):
            weights[head, rows, np.maximum(rows - head, 0)] = 1000
        return weights.tolist()

    sizes = {"encoder": (6, 6), "decoder": (3, 3), "cross": (3, 6)}
    maps = {kind: [heads(*size)] * run.model.num_layers for kind, size in sizes.items()}
    write_json(
        records / "attention.json", {"sentences": [{"source": source, "target": target, **maps}]}
    )


def write_arcs(path: Path, midi: Path) -> None:
    """Head 0 of two looks at the note before in its voice, head 1 at the one before that."""
    notes = [
        (note.start, note.end, note.pitch, voice)
        for voice, instrument in enumerate(pretty_midi.PrettyMIDI(str(midi)).instruments)
        for note in instrument.notes
    ]
    arcs = [
        (note, note - 1 - head, 0, head, 0.5)
        for note in range(2, len(notes))
        for head in range(2)
        if notes[note - 1 - head][3] == notes[note][3]
    ]
    write_json(path, {"notes": notes, "arcs": arcs, "layers": 1, "heads": 2})


def write_grids(samples: Path, run: ImageRun, rng: np.random.Generator) -> None:
    decoding = run.decoding
    titles = ["original", "given"] + ["at 1.0"] * decoding.completions_per_image
    grids = {"completions": (min(decoding.completed_images, 10), len(titles))}
    if decoding.samples_per_class is not None:
        grids["conditional"] = (10, decoding.samples_per_class)
    for kind, (rows, columns) in grids.items():
        pixels = np.full((rows * 36 - 4, columns * 36 - 4), 128, np.uint8)
        rings = np.hypot(*np.meshgrid(np.arange(8) - 3.5, np.arange(8) - 3.5))
        for row in range(rows):
            for column in range(columns):
                ring = np.exp(-((rings - 2.2 - 0.1 * row) ** 2)) * rng.uniform(0.7, 1)
                cell = np.kron((ring * 255).astype(np.uint8), np.ones((4, 4), np.uint8))
                pixels[row * 36 :, column * 36 :][:32, :32] = cell
        Image.fromarray(pixels).save(samples / f"{kind}.png")
    write_json(
        samples / "samples.json",
        {
            kind: {"rows": rows, "columns": columns, "temperature": 1.0, "column_titles": titles}
            for kind, (rows, columns) in grids.items()
        },
    )


def write_molecules(folder: Path) -> None:
    """Water, whose heads look at the oxygen and at the atom itself; and its estimate."""
    molecule = {
        "name": "0001", "formula": "H2O", "energy": -219.3, "estimate": -221.0,
        "atoms": ["O", "H", "H"], "places": [[0.0, 0.3], [0.76, -0.2], [-0.76, -0.2]],
        "bonds": [[0, 1, 0], [0, 2, 0]], "labels": [[1, 2, 2], [2, 1, 6], [2, 6, 1]],
        "weights": [[[[1000, 0, 0]] * 3, [[800, 100, 100], [100, 800, 100], [100, 100, 800]]]],
    }  # fmt: skip
    names = ["padding", "itself", "single bond", "", "", "", "0 to 2 Å"]
    write_json(folder / "records" / "molecules.json", {"names": names, "molecules": [molecule]})
    rows = "name,formula,energy,estimate\n0001,H2O,-219.3,-221.0\n"
    (folder / "samples" / "test.csv").write_text(rows)


def write_passages(folder: Path) -> None:
    """A passage, of which the heads look at one piece each."""
    passage = {
        "pieces": [" Sum", " of", " a", " cell"], "class": "scalc", "predicted": "swriter",
        "probability": 0.61, "weights": [[[700, 100, 100, 100], [0, 0, 100, 900]]],
    }  # fmt: skip
    write_json(folder / "records" / "passages.json", {"passages": [passage]})
    (folder / "samples" / "test.csv").write_text("class,predicted,scalc,swriter\n")


CHORDS = ([72, 67, 64, 48], [72, 69, 65, 53], [74, 67, 62, 55], [71, 67, 62, 43], [72, 67, 60, 52])


def write_distributions(records: Path) -> None:
    shares = [0.2, 0.5, 0.3]
    one = {"axis": "pitch class", "at": [0, 1, 2], "drawn": shares, "test": shares[::-1]}
    write_json(records / "distributions.json", {"pitch_class": one, "duration": one})


def write_chorales(samples: Path, run: MusicRun, rng: np.random.Generator) -> None:
    decoding, entries = run.decoding, []
    write_distributions(samples.with_name("records"))
    for kind, count in (
        ("from_nothing", decoding.from_nothing),
        ("continuation", decoding.continuations),
    ):
        for index in range(count):
            file = f"{kind}_{index}.mid"
            write_midi(samples / file, decoding.tokens // 4, 0.15, rng)
            records = samples.with_name("records")
            write_arcs(records / f"{kind}_{index}.arcs.json", samples / file)
            write_mp3((samples / file).with_suffix(".mp3"), decoding.tokens / 4 * 0.15 + 0.4)
            Image.new("RGB", (8, 4)).save((samples / file).with_suffix(".png"))
            given = kind == "continuation"
            entries.append(
                {
                    "file": file,
                    "kind": kind,
                    "piece": f"bwv{253 + index}" if given else None,
                    "primer_seconds": decoding.primer_tokens / 4 * 0.15 if given else 0,
                    "seconds": decoding.tokens / 4 * 0.15,
                    "bar_seconds": 16 * 0.15,
                }
            )
    write_json(samples / "samples.json", entries)


def write_midi(path: Path, sixteenths: int, seconds: float, rng: np.random.Generator) -> None:
    midi = pretty_midi.PrettyMIDI(resolution=480)
    voices = [pretty_midi.Instrument(0, name=name) for name in ("soprano", "alto", "tenor", "bass")]
    for start in range(0, sixteenths, 4):
        chord = CHORDS[int(rng.integers(len(CHORDS)))]
        for voice, pitch in zip(voices, chord, strict=True):
            cuts = [0, 2, 4] if rng.random() < 0.3 else [0, 4]
            for low, high in zip(cuts, cuts[1:], strict=False):
                passing = int(rng.choice([-2, 2])) if low else 0
                voice.notes.append(
                    pretty_midi.Note(
                        90, pitch + passing, (start + low) * seconds, (start + high) * seconds
                    )
                )
    midi.instruments.extend(voices)
    midi.write(str(path))


def write_mp3(path: Path, seconds: float) -> None:
    """A tone of 440 Hz at 24 kbit/s."""
    rate = 24000
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(round(seconds * rate)) / rate)
    soundfile.write(path, tone, rate, format="MP3", bitrate_mode="CONSTANT", compression_level=0.9)
