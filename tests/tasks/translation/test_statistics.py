"""BLEU and chrF from summed statistics: those of sacreBLEU, on whole corpora and on resamples."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF

from pipeline.tasks.translation.metrics import statistics
from pipeline.tasks.translation.metrics.counting import bleu_counts, chrf_counts, sentence_bleu
from pipeline.tasks.translation.metrics.statistics import bleu, chrf

WORDS = ["das", "Licht", "licht", "ist", "an", "aus,", "(neu)", "3,5", "Grad!", "Café-Tür", "ä"]
TEXTS = st.lists(st.sampled_from(WORDS), max_size=9).map(" ".join)
CORPORA = st.lists(st.tuples(TEXTS, TEXTS), min_size=1, max_size=12)
EXACT = {"rel": 1e-9, "abs": 1e-9}


def counted(hypotheses, references, lowercase=False):
    return bleu_counts(hypotheses, references, tokenize="13a", lowercase=lowercase)


@given(CORPORA)
def test_bleu_of_sums_is_that_of_the_corpus(pairs):
    """Without a match, with empty sides, and too short for four words too."""
    hypotheses, references = map(list, zip(*pairs, strict=True))
    for lowercase in (False, True):
        counts = counted(hypotheses, references, lowercase)
        expected = BLEU(lowercase=lowercase).corpus_score(hypotheses, [references]).score
        assert bleu(counts.sum(axis=0)) == pytest.approx(expected, **EXACT)


@given(CORPORA)
def test_chrf_of_sums_is_that_of_the_corpus(pairs):
    hypotheses, references = map(list, zip(*pairs, strict=True))
    expected = CHRF().corpus_score(hypotheses, [references]).score
    counts = chrf_counts(hypotheses, references)
    assert chrf(counts.sum(axis=0)) == pytest.approx(expected, **EXACT)


@given(CORPORA)
def test_scores_of_single_sentences_are_those_of_sacrebleu(pairs):
    hypotheses, references = map(list, zip(*pairs, strict=True))
    metrics = BLEU(effective_order=True), CHRF()
    expected = [[metric.sentence_score(h, [r]).score for h, r in pairs] for metric in metrics]
    assert sentence_bleu(counted(hypotheses, references)) == pytest.approx(expected[0], **EXACT)
    assert chrf(chrf_counts(hypotheses, references)) == pytest.approx(expected[1], **EXACT)


def test_every_resample_is_scored_as_the_corpus_that_it_is():
    random = np.random.default_rng(1)
    references = [" ".join(random.choice(WORDS, 12)) for _ in range(30)]
    hypotheses = [" ".join(random.permutation(text.split())[:10]) for text in references]
    drawn = random.integers(30, size=(2, 5, 30))
    of_bleu = bleu(counted(hypotheses, references)[drawn].sum(axis=2))
    of_chrf = chrf(chrf_counts(hypotheses, references)[drawn].sum(axis=2))
    assert of_bleu.shape == of_chrf.shape == (2, 5)
    for place in np.ndindex(2, 5):
        corpus = [[texts[i] for i in drawn[place]] for texts in (hypotheses, references)]
        expected = BLEU().corpus_score(corpus[0], [corpus[1]]).score
        assert of_bleu[place] == pytest.approx(expected, **EXACT)
        expected = CHRF().corpus_score(corpus[0], [corpus[1]]).score
        assert of_chrf[place] == pytest.approx(expected, **EXACT)


def test_names_stand_in_the_order_of_the_counts():
    (row,) = counted(["das Licht ist an"], ["das Licht ist heute an"]).tolist()
    assert dict(zip(statistics.BLEU, row, strict=True)) == {
        "bleu_hypothesis_length": 4, "bleu_reference_length": 5,
        "bleu_matches_1": 4, "bleu_matches_2": 2, "bleu_matches_3": 1, "bleu_matches_4": 0,
        "bleu_totals_1": 4, "bleu_totals_2": 3, "bleu_totals_3": 2, "bleu_totals_4": 1,
    }  # fmt: skip
    (row,) = chrf_counts(["ab cd"], ["abd"]).tolist()
    assert dict(zip(statistics.CHRF, row, strict=True)) == {
        "chrf_hypothesis_1": 4, "chrf_hypothesis_2": 3, "chrf_hypothesis_3": 2,
        "chrf_hypothesis_4": 0, "chrf_hypothesis_5": 0, "chrf_hypothesis_6": 0,  # of "abd" no four
        "chrf_reference_1": 3, "chrf_reference_2": 2, "chrf_reference_3": 1,
        "chrf_reference_4": 0, "chrf_reference_5": 0, "chrf_reference_6": 0,
        "chrf_matches_1": 3, "chrf_matches_2": 1, "chrf_matches_3": 0,
        "chrf_matches_4": 0, "chrf_matches_5": 0, "chrf_matches_6": 0,
    }  # fmt: skip
