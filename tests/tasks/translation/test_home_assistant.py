"""The real archive: how much there is of it, and that its test is honest."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from pipeline import config
from pipeline.corpus import SPLITS, read_sequences
from pipeline.tasks.translation.codec import UNK, Codec
from pipeline.tasks.translation.encoding.encode import FIELDS, encode

PARAMS = Path(__file__).parents[3] / "params.yaml"
SETTINGS = config.dataset_of(config.load(PARAMS), "home_assistant").encoding


@pytest.fixture(scope="module")
def encoded(home_assistant_raw, tmp_path_factory):
    folder = tmp_path_factory.mktemp("encoded")
    return folder, encode(home_assistant_raw, folder, SETTINGS)


@pytest.fixture(scope="module")
def texts(encoded):
    """The lines of each split and field."""
    folder, _ = encoded
    return {
        (split, field): (folder / f"{split}.{field}.txt").read_text().split("\n")[:-1]
        for split in SPLITS
        for field in FIELDS
    }


def largest_similarity(held_out: list[str], others: list[str]) -> float:
    """The largest Jaccard similarity of the words of a sentence here and one there."""
    here, there = ([set(re.findall(r"\w+", t.casefold())) for t in x] for x in (held_out, others))
    columns = {word: column for column, word in enumerate(sorted(set.union(*here)))}

    def matrix(sets: list[set[str]]) -> np.ndarray:
        ones = np.zeros((len(sets), len(columns)), np.float32)
        for row, words in enumerate(sets):
            ones[row, [columns[word] for word in words if word in columns]] = 1
        return ones

    shared = matrix(here) @ matrix(there).T
    sizes = [np.array([len(words) for words in sets]) for sets in (here, there)]
    return float((shared / (sizes[0][:, None] + sizes[1] - shared)).max())


def test_there_is_enough_of_it(encoded):
    _, manifest = encoded
    records = {split: manifest["splits"][split]["records"] for split in SPLITS}
    assert records["train"] > 20_000
    assert min(records["validation"], records["test"]) > 400
    assert manifest["records_read"] == 946 and manifest["skipped_records"] == 0
    assert sum(records.values()) + sum(manifest["dropped"].values()) == 44_432


@pytest.mark.parametrize("field", FIELDS)
def test_no_held_out_sentence_has_a_twin_in_another_split(texts, field):
    for held_out, other in combinations(("test", "validation", "train"), 2):
        here, there = texts[held_out, field], texts[other, field]
        assert not set(here) & set(there)
        assert largest_similarity(here, there) < SETTINGS.near_twin_similarity


def test_held_out_sentences_are_plain_and_of_the_length_that_is_asked(texts):
    for split in ("validation", "test"):
        sources = texts[split, "source"]
        assert len(set(sources)) == len(sources)
        for text in (*sources, *texts[split, "target"]):
            assert SETTINGS.min_test_words <= len(text.split()) <= SETTINGS.max_test_words
            assert not set("{}`<>") & set(text) and "http://" not in text


def test_ids_say_the_text_and_never_that_they_do_not_know(encoded, texts):
    folder, _ = encoded
    pieces = Codec.load(folder)
    assert pieces.size == SETTINGS.vocabulary_size
    for split in SPLITS:
        for field in FIELDS:
            sequences = read_sequences(folder, split, field)
            assert not any((ids == UNK).any() for ids in sequences)
            assert [pieces.decode(ids) for ids in sequences] == texts[split, field]
