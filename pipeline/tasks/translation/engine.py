"""The programs that can search for a translation, and what each can do. Imports no torch."""

from enum import StrEnum
from importlib.util import find_spec

from models.settings import (
    Embeddings,
    ModelSettings,
    PositionsAt,
    Residuals,
    ShawRelative,
    Sinusoid,
    Structure,
    TransformerSettings,
)
from pipeline.tasks.translation.settings import (
    InBlocks,
    TranslationDecoding,
    TranslationSampling,
)

MAX_POSITIONS = 4096  # of a source and a translation with CTranslate2: rows of a table of sinusoids


class Engine(StrEnum):
    """A program that searches."""

    OWN = "own"  # that of the decode stage
    CTRANSLATE2 = "ctranslate2"  # in C++, with an exported network; an optional dependency


def check_ctranslate2(model: ModelSettings, decoding: TranslationDecoding) -> None:
    """Raise ValueError if CTranslate2 is not installed, or cannot compute `model` or `decoding`."""
    if find_spec("ctranslate2") is None:
        raise ValueError('the package is not installed; run pip install -e ".[ctranslate2]"')
    check_exportable(model)
    if isinstance(decoding.method, TranslationSampling | InBlocks):
        raise ValueError(
            f"decoding.method.kind = {decoding.method.kind} is not exported; use beam or greedy"
        )


def check_exportable(model: ModelSettings) -> None:
    """Raise ValueError if CTranslate2 has no network like `model`."""
    if not isinstance(model, TransformerSettings):
        raise ValueError(f"model.architecture = {model.architecture} is not exported")
    if not isinstance(model.positions, Sinusoid | ShawRelative):
        raise ValueError(
            f"model.positions.kind = {model.positions.kind} is not exported, only sinusoid and "
            "shaw_relative are"
        )
    for name, exported in {
        "structure": Structure.ENCODER_DECODER,
        "positions_at": PositionsAt.INPUT,
        "residuals": Residuals.SUM,
        "embeddings": Embeddings.TIED,
    }.items():
        if (value := getattr(model, name)) is not exported:
            raise ValueError(f"model.{name} = {value} is not exported, only {exported} is")
