"""A user's own texts: a folder of text files for each class."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipeline.encoding.folders import visible_below
from pipeline.tasks.base import OwnData
from pipeline.tasks.classification.settings import ClassificationReader

FILES = "folders of text files (.txt), a folder for each class"
EXAMPLE = "classification_attention"  # the run of the default scale that a user's begins with
_SUFFIX = ".txt"
_FEW_BYTES = 1 << 20  # of text: fewer do not fill the vocabulary of the example
_FEW_PIECES = 600


def own_data(source: Path, encoding: Mapping[str, Any]) -> OwnData | None:
    """Describe the texts below `source`; None if there are no two folders of them."""
    files = [
        path
        for path in visible_below(source)
        if path.suffix.lower() == _SUFFIX and path.parent != source
    ]
    classes = sorted({path.relative_to(source).parts[0] for path in files})
    if len(classes) < 2:
        return None
    is_little = sum(path.stat().st_size for path in files) < _FEW_BYTES
    pieces = _FEW_PIECES if is_little else encoding["vocabulary_size"]
    changes = {
        "reader": ClassificationReader.TEXT_FOLDERS.value,
        "classes": classes,
        "vocabulary_size": pieces,
    }
    what = f"{len(files):,} text files of {len(classes)} classes"
    return OwnData(what, pieces, {**encoding, **changes})
