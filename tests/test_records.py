"""The records in git: what is written is read again, in the same bytes and in few of them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from pipeline import records as module
from pipeline.corpus import write_sequences
from pipeline.errors import DataError
from pipeline.evaluation import records_of
from pipeline.records import (
    MAX_BYTES,
    Records,
    RunRecords,
    fingerprint,
    read_records,
    records_path,
    write_records,
)
from pipeline.tasks.translation.metrics.statistics import BLEU, CHRF, TOKENISED_BLEU

SETTINGS = {"task": "music", "dataset": "chorales", "training": {"seed": 3}}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def music(test_set: str = "a", pieces: int = 5) -> Records:
    random = np.random.default_rng(pieces)
    tokens = random.integers(99, 900, pieces)
    statistics = {"nats": tokens * random.gamma(9.0, 0.1, pieces), "tokens": tokens}
    return Records(test_set, [f"bwv{piece // 2}" for piece in range(pieces)], statistics)


def written(**splits: Records) -> RunRecords:
    write_records(records_path("run"), RunRecords(SETTINGS, splits))
    return read_records("run")


def test_what_is_written_is_read_again():
    test, validation = music("a", 5), music("b", 4)
    found = written(test=test, validation=validation)
    assert found.settings == SETTINGS
    assert {split: each.test_set for split, each in found.splits.items()} == {
        "test": "a",
        "validation": "b",
    }
    assert list(found.splits["test"].clusters) == [0, 0, 1, 1, 2]
    assert list(found.splits["validation"].clusters) == [0, 0, 1, 1]
    for split, expected in (("test", test), ("validation", validation)):
        statistics = found.splits[split].statistics
        assert statistics["tokens"].tolist() == expected.statistics["tokens"].tolist()
        assert statistics["nats"] == pytest.approx(expected.statistics["nats"], rel=1e-7)


def test_counts_of_successive_orders_are_stored_as_differences_and_read_as_counts():
    counts = {f"bleu_totals_{n}": np.array([9, 2, 0]) - n for n in range(1, 5)}
    counts |= {"nats_2": np.array([1.5, 2.5, 3.5]), "squares": np.array([2**40, 0, 1])}
    found = written(test=Records("a", range(3), counts)).splits["test"].statistics
    assert list(found) == list(counts)
    assert all(found[name].tolist() == values.tolist() for name, values in counts.items())
    stored = pd.read_parquet(records_path("run"))
    assert stored["bleu_totals_1"].tolist() == [8, 1, -1]
    assert stored["bleu_totals_3-4"].tolist() == [1, 1, 1]


def test_equal_records_have_equal_bytes():
    written(test=music())
    first = records_path("run").read_bytes()
    written(test=music())
    assert records_path("run").read_bytes() == first
    written(test=music(pieces=6))
    assert records_path("run").read_bytes() != first


def translations(sentences: int) -> Records:
    """Sentences of 5 to 25 words and their translations, of which about half of the words match."""
    random = np.random.default_rng(1)

    def counts(lengths: np.ndarray, orders: int) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """The n-grams of each order, and those that match."""
        totals = [np.maximum(lengths - n, 0) for n in range(orders)]
        matches = [random.binomial(totals[0], 0.6)]
        for total in totals[1:]:
            matches.append(np.minimum(random.binomial(matches[-1], 0.7), total))
        return totals, matches

    words = random.integers(5, 26, sentences)
    translated = random.integers(5, 26, sentences)
    statistics = {}
    for names in (BLEU, TOKENISED_BLEU):
        totals, matches = counts(translated, 4)
        columns = [translated, words, *matches, *totals]
        statistics |= dict(zip(names, columns, strict=True))
    totals, matches = counts(translated * 6, 6)
    references, _ = counts(words * 6 + random.integers(0, 6, sentences), 6)
    statistics |= dict(zip(CHRF, totals + references + matches, strict=True))
    statistics["nats"] = random.gamma(14.0, 2.0, sentences)
    statistics["tokens"] = words * 2
    return Records("a", [sentence // 4 for sentence in range(sentences)], statistics)


def test_the_sentences_of_a_test_set_take_about_50_kilobytes():
    written(test=translations(3204))
    assert 40_000 < records_path("run").stat().st_size < 75_000


def images(count: int) -> Records:
    bits = np.random.default_rng(1).normal(131.0, 20.0, count)
    return Records("a", [str(image) for image in range(count)],
                   {"bits": bits, "dimensions": np.full(count, 64)})  # fmt: skip


def test_150_000_images_fit_and_190_000_are_refused_with_how_many_do():
    written(test=images(150_000))
    assert records_path("run").stat().st_size <= MAX_BYTES
    records_path("run").unlink()
    with pytest.raises(DataError, match=r"^reports/records/run.parquet: 190,000 records") as raised:
        written(test=images(190_000))
    fit = int(str(raised.value).partition("about ")[2].partition(" fit")[0].replace(",", ""))
    assert str(raised.value).endswith("fit: hold out fewer of data set chorales")
    assert 150_000 < fit < 190_000 and not records_path("run").exists()
    written(test=images(round(0.98 * fit)))


def test_splits_with_other_statistics_are_refused():
    other = Records("b", [0], {"nats": np.array([1.0])})
    with pytest.raises(ValueError, match="different statistics"):
        written(test=music(), validation=other)


def test_what_is_missing_or_damaged_is_told_with_its_file():
    with pytest.raises(DataError, match="records/run.parquet: no such file; .*evaluate@run"):
        read_records("run")
    written(test=music())
    content = records_path("run").read_bytes()
    table = pd.DataFrame({"nats": [1.0]})
    for damaged in (b"", b"PAR1", content[:-9], content[: len(content) // 2], table.to_parquet()):
        records_path("run").write_bytes(damaged)
        with pytest.raises(DataError, match="run.parquet: not the records of a run") as raised:
            read_records("run")
        assert "\n" not in str(raised.value)


def test_a_fingerprint_tells_contents_and_their_order():
    first = fingerprint([b"ab", b"c"])
    assert first == fingerprint(iter([b"ab", b"c"]))
    assert len({first, fingerprint([b"a", b"bc"]), fingerprint([b"c", b"ab"])}) == 3


@pytest.mark.parametrize("content", [None, "a\nb\n", "a\nb\nc\nd\n"])
def test_clusters_that_are_not_those_of_the_records_are_told(content: str | None):
    if content is not None:
        Path("test.clusters.txt").write_text(content)
    write_sequences(Path(), "test", "ids", [np.zeros(2)] * 3, np.dtype(np.uint16))
    with pytest.raises(DataError, match="run the encode stage again"):
        records_of(Path(), "test", [b"x"] * 3, {"nats": np.ones(3)})
    Path("test.clusters.txt").write_text("a\na\nb\n")
    found = records_of(Path(), "test", [b"x"] * 3, {"nats": np.ones(3)})
    assert found.clusters == ["a", "a", "b"] and found.test_set == module.fingerprint([b"x"] * 3)
