"""A user's own parallel text: two texts, a line for a line, or a table of two columns."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.tasks.base import OwnData, splits_of_few
from pipeline.tasks.translation.encoding.text_files import BLOCK, find_languages
from pipeline.tasks.translation.settings import TranslationReader

FILES = "two texts <name>.<language>, as corpus.en and corpus.de, or a table as en-de.tsv"
EXAMPLE = "translation_sinusoid"  # the run of the default scale that a user's begins with
_FEW_BYTES = 1 << 21  # of text: fewer do not fill the vocabulary of the example
_FEW_PIECES = 1000


def own_data(source: Path, encoding: Mapping[str, Any]) -> OwnData | None:
    """Describe the parallel text in `source`; None if there is none."""
    found = find_languages(source)
    if found is None:
        return None
    (first, second), paths = found
    is_little = sum(path.stat().st_size for path in paths) < _FEW_BYTES
    pieces = _FEW_PIECES if is_little else encoding["vocabulary_size"]
    with paths[0].open("rb") as file:
        blocks = math.ceil(sum(1 for _ in file) / BLOCK)
    changes = {
        "reader": TranslationReader.TEXT_FILES.value,
        "source_language": first,
        "target_language": second,
        "vocabulary_size": pieces,
        "splits": splits_of_few(encoding["splits"], blocks),
    }
    names = " and ".join(path.name for path in paths)
    return OwnData(f"{names}, from {first} to {second}", pieces, {**encoding, **changes})
