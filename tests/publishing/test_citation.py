"""CITATION.cff as BibTeX."""

from pathlib import Path

import pytest

from pipeline.errors import DataError
from pipeline.publishing import citation

TEXT = r"""
title: "50 % of A & B_c {d} \\ e"
authors:
  - {given-names: Ada, family-names: de Byron}
  - {name: The B & C Group}
version: 1.2.0
date-released: 2031-05-06
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "CITATION.cff"
    path.write_text(TEXT, encoding="utf-8")
    monkeypatch.setattr(citation, "FILE", path)
    return path


def test_persons_groups_and_what_tex_takes_for_commands(file):
    assert (
        citation.bibtex()
        == r"""@software{attention_lecture,
  author  = {de Byron, Ada and {The B \& C Group}},
  title   = {50 \% of A \& B\_c \{d\} \textbackslash{} e},
  year    = {2031},
  version = {1.2.0}
}"""
    )


def test_the_address_is_that_of_the_file_or_of_the_site(file):
    assert "  url     = {https://example.org/a/}\n}" in citation.bibtex("https://example.org/a/")
    file.write_text(f"{TEXT}url: https://example.org/b\n", encoding="utf-8")
    assert "  url     = {https://example.org/b}\n}" in citation.bibtex("https://example.org/a/")


@pytest.mark.parametrize("key", ["title", "authors", "version", "date-released"])
def test_what_the_file_lacks_is_named(file, key):
    file.write_text(TEXT.replace(f"{key}:", "other:"), encoding="utf-8")
    with pytest.raises(DataError, match=f"CITATION.cff: has no {key}; add it"):
        citation.bibtex()
