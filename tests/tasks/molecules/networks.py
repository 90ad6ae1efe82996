"""Small untrained networks of graphs, and an encoded folder of small molecules."""

from pathlib import Path

import torch

from models.build import build
from models.settings import TransformerSettings
from models.shared.base import Model
from pipeline.files import write_json
from pipeline.settings.base import Splits
from pipeline.tasks.molecules.codec import MoleculeCodec
from pipeline.tasks.molecules.encoding.encode import encode
from pipeline.tasks.molecules.settings import Element, MoleculeEncoding, MoleculeReader
from tests.tasks.molecules.shapes import acetylene, as_xyz, benzene, ethene, methane, moved, water

ENCODING = MoleculeEncoding(
    reader=MoleculeReader.XYZ_FOLDER,
    elements=[Element.H, Element.C, Element.O],
    distance_edges=[2.0, 3.0, 4.0],
    max_atoms=12,
    max_skipped=0.0,
    held_out_formulas=0.0,
    splits=Splits(validation=0.2, test=0.2, seed=1),
)
SHAPES = {
    "ch4": methane(),
    "c6h6": benzene(),
    "c2h4": ethene(),
    "h2o": water(),
    "c2h2": acetylene(),
}


def write_molecules(folder: Path) -> None:
    """Five files of six molecules each, stretched, so that none is another's copy."""
    folder.mkdir(exist_ok=True)
    for name, molecule in SHAPES.items():
        text = ""
        for number in range(6):
            other = moved(molecule, number)
            stretched = type(other)(other.symbols, other.coordinates * (1 + number / 100))
            text += as_xyz(stretched, f"energy={-100 * len(molecule.symbols) - number}")
        (folder / f"{name}.xyz").write_text(text)


def encoded_in(folder: Path, encoding: MoleculeEncoding = ENCODING) -> Path:
    """Encode what `write_molecules` writes into folder/raw; return the encoded folder."""
    write_molecules(folder / "raw")
    encoded = folder / "encoded"
    encoded.mkdir()
    write_json(encoded / "manifest.json", encode(folder / "raw", encoded, encoding))
    return encoded


def network(codec: MoleculeCodec, **changes: object) -> Model:
    """An attention network with random weights, also of its labels."""
    torch.manual_seed(3)
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
        "positions": {"kind": "labelled_edges"},
        "positions_at": "input",
        "attention": {"kind": "full", "backend": "dense"},
        "output": {"kind": "laplace"},
        "super_resolution": None,
        "dropout": 0.0,
        "embedding_dropout": 0.0,
        "attention_dropout": 0.0,
        "relu_dropout": 0.0,
    }
    made = build(TransformerSettings.model_validate(settings | changes, strict=False), codec.shape)
    return made.eval()
