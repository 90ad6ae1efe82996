"""Baselines that learn from the words of as many labelled passages as the network."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pipeline.corpus import Split
from pipeline.tasks.classification.batches import draw_labels
from pipeline.tasks.classification.codec.passages import Passage, read_passages
from pipeline.tasks.classification.metrics.statistics import BAYES, FREQUENT, KEYWORD
from pipeline.tasks.classification.settings import Baselines


@dataclass(frozen=True)
class Words:
    """Labelled passages: how often each has each word, their classes, and the words."""

    counts: Any  # sparse (passage, word)
    classes: np.ndarray  # (passage,)
    names: np.ndarray  # of the words, in alphabetical order
    class_count: int


def baselines(
    encoded: Path, split: Split, class_count: int, settings: Baselines
) -> dict[str, np.ndarray]:
    """Return the statistics (passage,) of each baseline on a test set.

    They say in which share of the draws of labels a passage is classified rightly.
    """
    tested = read_passages(encoded, split)
    actual = np.array([passage.number for passage in tested])
    every = drawn_passages(encoded, settings)
    correct = {name: np.zeros(len(tested)) for name, _ in (FREQUENT, KEYWORD, BAYES)}
    for labelled in every:
        vectorizer, words = count_words(labelled, class_count)
        counts = vectorizer.transform(passage.text for passage in tested)
        for (name, _), predicted in (
            (FREQUENT, np.full(len(tested), most_frequent(words))),
            (KEYWORD, by_keywords(words, counts)),
            (BAYES, by_naive_bayes(words, counts)),
        ):
            correct[name] += (predicted == actual) / len(every)
    return correct


def drawn_passages(encoded: Path, settings: Baselines) -> list[list[Passage]]:
    """Return the labelled passages of each draw; all drawings of all labels are the same."""
    train = read_passages(encoded, "train")
    classes = np.array([passage.number for passage in train])
    per_class = settings.labels_per_class
    draws = settings.draws if per_class is not None else settings.draws[:1]
    return [[train[index] for index in draw_labels(classes, per_class, seed)] for seed in draws]


def count_words(labelled: Sequence[Passage], class_count: int) -> tuple[Any, Words]:
    """Return scikit-learn's counter of words, fitted to labelled passages, and their counts.

    A word has two letters or digits, without case.
    """
    from sklearn.feature_extraction.text import CountVectorizer  # here: it imports pandas

    vectorizer = CountVectorizer()
    counts = vectorizer.fit_transform(passage.text for passage in labelled)
    classes = np.array([passage.number for passage in labelled])
    return vectorizer, Words(counts, classes, vectorizer.get_feature_names_out(), class_count)


def most_frequent(words: Words) -> int:
    """Return the class of most labelled passages, of equal ones the first."""
    return int(np.bincount(words.classes).argmax())


def keywords(words: Words) -> tuple[np.ndarray, np.ndarray]:
    """Return for each class the index of the word that tells it best, and how well it does.

    That is the share of the labelled passages of the class that have the word, less that of the
    others (Youden's J).
    """
    has = (words.counts > 0).astype(np.float64)
    of_class = np.eye(words.class_count)[words.classes].T
    inside = of_class @ has  # (class, word)
    outside = np.asarray(has.sum(axis=0)) - inside
    sizes = of_class.sum(axis=1)[:, None]
    tells = inside / sizes - outside / (len(words.classes) - sizes)
    return tells.argmax(axis=1), tells.max(axis=1)


def by_keywords(words: Words, counts: Any) -> np.ndarray:
    """Classify passages with `counts` (passage, word) by the best keyword that they have.

    Without any keyword they are of the most frequent class.
    """
    index, tells = keywords(words)
    has = (counts[:, index] > 0).toarray() * tells
    return np.where(has.any(axis=1), has.argmax(axis=1), most_frequent(words))


def by_naive_bayes(words: Words, counts: Any) -> np.ndarray:
    """Classify passages with `counts` (passage, word) by multinomial naive Bayes."""
    from sklearn.naive_bayes import MultinomialNB  # the same

    return MultinomialNB().fit(words.counts, words.classes).predict(counts)
