"""Made-up manuals of three programs, and small networks that read them."""

import shutil
from pathlib import Path

import numpy as np
import torch

from models import store
from models.build import build
from models.settings import DataShape, TransformerSettings
from models.shared.base import Model
from pipeline.files import read_json, write_json
from pipeline.settings.base import Splits
from pipeline.tasks.classification.encoding.encode import encode
from pipeline.tasks.classification.settings import ClassificationEncoding, ClassificationReader

SUBJECTS = {"calc": "cell", "draw": "line", "write": "footnote"}
ENCODING = ClassificationEncoding(
    reader=ClassificationReader.TEXT_FOLDERS,
    classes=[*SUBJECTS],
    min_words=6,
    max_pieces=40,
    vocabulary_size=300,
    near_twin_similarity=0.7,
    max_skipped=0.0,
    splits=Splits(validation=0.2, test=0.2, seed=1),
)
_LETTERS = "abdefgiklmnoprstu"


def words(rng: np.random.Generator, count: int) -> str:
    """Random words of four letters."""
    return " ".join("".join(rng.choice([*_LETTERS], 4)) for _ in range(count))


def write_texts(folder: Path, pages: int = 10) -> None:
    """Ten pages of two paragraphs for each program, each with the word of its subject."""
    rng = np.random.default_rng(1)
    for program, subject in SUBJECTS.items():
        (folder / program).mkdir(parents=True, exist_ok=True)
        for number in range(pages):
            paragraphs = [f"The {subject}: {words(rng, 6)}." for _ in range(2)]
            (folder / program / f"{number}.txt").write_text("\n\n".join(paragraphs))


def encoded_in(folder: Path, encoding: ClassificationEncoding = ENCODING) -> Path:
    """Encode what `write_texts` writes into folder/raw; return the encoded folder."""
    write_texts(folder / "raw")
    encoded = folder / "encoded"
    encoded.mkdir()
    write_json(encoded / "manifest.json", encode(folder / "raw", encoded, encoding))
    return encoded


def network(encoded: Path, **changes: object) -> Model:
    """A Transformer with random weights, an encoder of classes unless `changes` say otherwise."""
    torch.manual_seed(3)
    rates = ("dropout", "embedding_dropout", "attention_dropout", "relu_dropout")
    settings = {
        "architecture": "transformer",
        "structure": "encoder",
        "num_layers": 2,
        "d_model": 16,
        "num_heads": 2,
        "d_ff": 32,
        "norm": "pre",
        "residuals": "sum",
        "embeddings": "separate",
        "positions": {"kind": "sinusoid"},
        "positions_at": "input",
        "attention": {"kind": "full", "backend": "dense"},
        "output": {"kind": "class"},
        "super_resolution": None,
        **dict.fromkeys(rates, 0.0),
        **changes,
    }
    shape = DataShape.model_validate(read_json(encoded / "manifest.json")["shape"])
    return build(TransformerSettings.model_validate(settings, strict=False), shape).eval()


def write_scale(
    folder: Path,
    params: Path,
    run: str,
    encoding: ClassificationEncoding = ENCODING,
    **changes: object,
) -> Model:
    """Make `folder` a scale in which `run` has a network; return that.

    Its weights are random, and made-up manuals stand in for its data.
    """
    shutil.copy(params, folder / "params.yaml")
    encoded = folder / "data/encoded/help_programs"
    encoded.parent.mkdir(parents=True)
    encoded_in(folder, encoding).rename(encoded)
    model = network(encoded, **changes)
    saved = folder / "runs" / run / "model"
    saved.mkdir(parents=True)
    store.save(model, saved)
    return model
