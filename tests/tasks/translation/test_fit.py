"""Runs that cannot be compared are refused before anything runs."""

import copy

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
