"""Runs that cannot be compared are refused before anything runs."""

import copy
from pathlib import Path

import pytest

from pipeline import config
from tests.wrong_params import RAW, complaint


def test_two_conventions_of_bleu_on_one_data_set_are_refused():
    raw = copy.deepcopy(RAW)
    other = copy.deepcopy(raw["runs"]["translation_sinusoid"])
    other["evaluation"]["tokenised_bleu"] = "multi30k"
    raw["runs"]["another"] = other

    assert complaint(raw) == (
        "runs.another.evaluation.tokenised_bleu = multi30k but "
        "runs.translation_sinusoid.evaluation.tokenised_bleu = moses on the same data set, where "
        "their scores share a column; make them equal"
    )


def to_language(language: str, **evaluation: str) -> dict:
    """The default scale with another target language, and another evaluation."""
    raw = copy.deepcopy(RAW)
    raw["datasets"]["home_assistant"]["encoding"]["target_language"] = language
    raw["runs"]["translation_sinusoid"]["evaluation"].update(evaluation)
    return raw


def test_two_tokenisers_of_bleu_on_one_data_set_are_refused():
    raw = copy.deepcopy(RAW)
    raw["runs"]["another"] = copy.deepcopy(raw["runs"]["translation_sinusoid"])
    raw["runs"]["another"]["evaluation"]["bleu_tokenizer"] = "intl"
    assert complaint(raw).startswith("runs.another.evaluation.bleu_tokenizer = intl but runs.")


@pytest.mark.parametrize("language", ["zh", "zh-Hans", "zho_Hant", "ja", "th", "yue", "km"])
def test_bleu_of_words_is_refused_for_languages_without_spaces(language):
    assert complaint(to_language(language)) == (
        "runs.translation_sinusoid.evaluation.bleu_tokenizer = 13a cuts at spaces, but "
        f"datasets.home_assistant.encoding.target_language = {language} has none; use zh for "
        "Chinese, char or flores200"
    )
    cut = to_language(language, bleu_tokenizer="char")
    assert "tokenised_bleu = moses cuts at spaces" in complaint(cut)
    cut = to_language(language, bleu_tokenizer="char", tokenised_bleu="characters")
    config.parse(cut, Path("params.yaml"))


@pytest.mark.parametrize("language", ["ar", "ko", "pt-BR", "eng_Latn", "sr-Cyrl-RS", "en-us"])
def test_languages_with_spaces_have_names_as_their_data_give_them(language):
    config.parse(to_language(language), Path("params.yaml"))


@pytest.mark.parametrize("language", ["", "../de", "de.json", "d", "de--AT", "de AT"])
def test_what_is_no_code_of_a_language_is_refused(language):
    assert "a language should be a code such as de, pt-BR" in complaint(to_language(language))
