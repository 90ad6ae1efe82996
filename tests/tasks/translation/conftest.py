import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from pipeline.settings.base import Splits
from pipeline.tasks.translation.settings import LetterCase, TranslationEncoding, TranslationReader

Catalogues = dict[str, tuple[object, object]]  # integration -> English and German messages


@pytest.fixture
def encoding() -> TranslationEncoding:
    """Sizes for tiny data; change some with model_copy."""
    return TranslationEncoding(
        reader=TranslationReader.HOME_ASSISTANT,
        source_language="en",
        target_language="de",
        letter_case=LetterCase.KEPT,
        vocabulary_size=330,
        vocabulary_sentences=10_000,
        vocabulary_seed=1,
        max_words=12,
        max_length_ratio=None,
        min_test_words=3,
        max_test_words=8,
        near_twin_similarity=0.7,
        max_skipped=0.0,
        workers=1,
        splits=Splits(validation=0.2, test=0.3, seed=1),
    )


@pytest.fixture
def write_wheel(tmp_path) -> Callable[[Catalogues], Path]:
    """Write a wheel in the layout of Home Assistant; text is written as it stands, not as JSON."""

    def write(catalogues: Catalogues) -> Path:
        raw = tmp_path / "raw"
        raw.mkdir(exist_ok=True)
        with zipfile.ZipFile(raw / "home-1.0-py3-none-any.whl", "w") as archive:
            archive.writestr("homeassistant/components/readme.json", "{}")
            for name, languages in catalogues.items():
                for language, messages in zip(("en", "de"), languages, strict=True):
                    member = f"homeassistant/components/{name}/translations/{language}.json"
                    text = messages if isinstance(messages, str) else json.dumps(messages)
                    archive.writestr(member, text)
        return raw

    return write
