"""A benchmark with two test sets, from the text to the scores."""

import json
from itertools import product
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from sacrebleu.metrics import BLEU

from models.build import build
from models.settings import Structure
from pipeline.corpus import read_sequences, write_sequences
from pipeline.files import write_json, write_json_lines
from pipeline.tasks.translation import codec
from pipeline.tasks.translation.decoding.beam import Hypothesis
from pipeline.tasks.translation.decoding.choose import choose
from pipeline.tasks.translation.decoding.chosen import read_chosen
from pipeline.tasks.translation.decoding.decode import decode, different, translate
from pipeline.tasks.translation.encoding.codec_files import train
from pipeline.tasks.translation.measures import MEASURES
from pipeline.tasks.translation.metrics.evaluate import evaluate
from pipeline.tasks.translation.settings import (
    Beam,
    BleuTokenizer,
    Chosen,
    Convention,
    OtherSearch,
    SearchGrid,
    TranslationDecoding,
    TranslationEvaluation,
)
from tests.models.networks import sequences, settings
from tests.tasks.evaluations import assert_scores_follow_from_records, write_clusters

TESTS = {
    "test": [("the light is on", "das Licht ist an"), ("a door", "eine Tür")],
    "test_2017": [("the door is on the left", "die Tür ist links")],
}
OTHERS = {
    "train": [("a light", "ein Licht")],
    "validation": [("the light is left", "das Licht ist links"), ("a door", "eine Tür")],
}
DECODING = TranslationDecoding(
    method=Beam(kind="beam", beam_size=2, length_penalty=0.6, n_best=1),
    extra_length=3,
    batch_tokens=100,
    search_grid=None,
    other_searches={},
)
CHOSEN = Chosen(kind="chosen", bleu_tokenizer=BleuTokenizer.MTEVAL_13A)
FURTHER = ("positions", "search_grid", "other_searches")
EVALUATION = TranslationEvaluation(
    bleu_tokenizer=BleuTokenizer.MTEVAL_13A,
    tokenised_bleu=Convention.MOSES,
    bootstrap_samples=50,
    bootstrap_seed=1,
    batch_tokens=100,
    attention_sentences=0,
)


@pytest.fixture
def encoded(tmp_path):
    folder = tmp_path / "encoded"
    folder.mkdir()
    pairs = [pair for rows in TESTS.values() for pair in rows] * 3
    pieces = train((text for pair in pairs for text in pair), 290, folder)
    for split, rows in (TESTS | OTHERS).items():
        for field, texts in zip(("source", "target"), zip(*rows, strict=True), strict=True):
            (folder / f"{split}.{field}.txt").write_text("".join(f"{text}\n" for text in texts))
            ids = [np.array(pieces.encode(text)) for text in texts]
            write_sequences(folder, split, field, ids, np.dtype(np.uint16))
    splits = dict.fromkeys(["train", "validation", "test_2017", "test"], {})
    manifest = {"target_language": "de", "letter_case": "kept", "splits": splits}
    write_json(folder / "manifest.json", manifest)
    write_clusters(folder, **{split: len(rows) for split, rows in TESTS.items()})
    return folder


@pytest.fixture
def model():
    torch.manual_seed(1)
    return build(settings(Structure.ENCODER_DECODER), sequences(290, 290)).eval()


def test_each_test_set_is_translated_and_measured_by_itself(model, encoded, tmp_path):
    decode(model, encoded, tmp_path, DECODING)
    for split, rows in TESTS.items():
        lines = (tmp_path / f"{split}.jsonl").read_text(encoding="utf-8").splitlines()
        translated = [json.loads(line) for line in lines]
        assert [(row["source"], row["reference"]) for row in translated] == rows

    found = evaluate(model, encoded, tmp_path, EVALUATION)
    measured = found.metrics
    assert set(measured) == {"test", "baseline", "test_2017", *FURTHER}
    assert set(measured["test_2017"]) == {"test", "baseline"}
    first, second = measured["test"], measured["test_2017"]["test"]
    assert (first["sentences"], second["sentences"]) == (2, 1)
    assert set(first) == set(second)
    assert first["nats_per_token"] != second["nats_per_token"]
    for of_split in (found.details, {s: each.clusters for s, each in found.records.items()}):
        assert {split: len(rows) for split, rows in of_split.items()} == {
            split: len(rows) for split, rows in TESTS.items()
        }
    for split in TESTS:
        assert_scores_follow_from_records(found, MEASURES, split)
    assert found.records["test"].test_set != found.records["test_2017"].test_set

    perfect = translated[0] | {"hypothesis": "die Tür ist links"}
    (tmp_path / "test_2017.jsonl").write_text(json.dumps(perfect) + "\n")
    again = evaluate(model, encoded, tmp_path, EVALUATION).metrics
    assert again["test"] == first
    assert again["test_2017"]["test"]["bleu"] == pytest.approx(100)


def test_the_next_best_stand_beside_the_best_and_long_sentences_are_told(
    model, encoded, tmp_path, capsys
):
    several = Beam(kind="beam", beam_size=4, length_penalty=0.6, n_best=3)
    decode(model, encoded, tmp_path, DECODING.model_copy(update={"method": several}))
    for line in (tmp_path / "test.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        found = [row, *row["others"]]
        assert len({each["hypothesis"] for each in found}) == 3
        assert [each["score"] for each in found] == sorted(
            (each["score"] for each in found), reverse=True
        )
    told = capsys.readouterr().err
    assert "test: 1 of 2 sentences are longer than any in training" in told
    assert "test_2017: 1 of 1 sentences" in told


def test_each_search_of_the_grid_translates_the_validation_split(
    model, encoded, tmp_path, monkeypatch
):
    pairs = list(product((1, 3), (0.0, 1.0)))
    grid = SearchGrid(beam_sizes=(1, 3), length_penalties=(0.0, 1.0))
    searched = Mock(wraps=translate)
    monkeypatch.setattr("pipeline.tasks.translation.decoding.decode.translate", searched)
    decode(model, encoded, tmp_path, DECODING.model_copy(update={"search_grid": grid}))
    methods = [call.args[2].method for call in searched.call_args_list[: -len(TESTS)]]
    assert [(each.beam_size, each.length_penalty) for each in methods] == pairs

    lines = (tmp_path / "search_grid.jsonl").read_text(encoding="utf-8").splitlines()
    sources = read_sequences(encoded, "validation", "source")
    pieces = codec.Codec.load(encoded)
    for method, row in zip(methods, map(json.loads, lines), strict=True):
        assert (row["beam_size"], row["length_penalty"]) == (
            method.beam_size,
            method.length_penalty,
        )
        found = translate(model, sources, DECODING.model_copy(update={"method": method}))
        assert row["hypotheses"] == [pieces.decode(best.ids) for (best,) in found]
    measured = evaluate(model, encoded, tmp_path, EVALUATION).metrics["search_grid"]
    assert [(cell["beam_size"], cell["length_penalty"]) for cell in measured] == pairs


def test_the_search_that_is_chosen_on_validation_translates_the_tests(model, encoded, tmp_path):
    grid = SearchGrid(beam_sizes=(1, 3), length_penalties=(0.0, 5.0))
    chosen = DECODING.model_copy(update={"search_grid": grid, "method": CHOSEN})
    of_earlier = decode(model, encoded, tmp_path, chosen)
    cells = [json.loads(line) for line in (tmp_path / "search_grid.jsonl").open(encoding="utf-8")]
    references = [reference for _, reference in OTHERS["validation"]]
    scores = [BLEU().corpus_score(cell["hypotheses"], [references]).score for cell in cells]
    best = cells[scores.index(max(scores))]
    found = read_chosen(tmp_path)
    assert (found.beam_size, found.length_penalty) == (best["beam_size"], best["length_penalty"])
    unchosen = {"method": found, "search_grid": None, "other_searches": {}}
    assert of_earlier == chosen.model_copy(update=unchosen)
    by_hand = tmp_path / "by hand"
    by_hand.mkdir()
    decode(model, encoded, by_hand, DECODING.model_copy(update={"method": found}))
    for split in TESTS:
        assert (tmp_path / f"{split}.jsonl").read_bytes() == (
            by_hand / f"{split}.jsonl"
        ).read_bytes()


def test_the_highest_bleu_is_chosen_and_of_equal_ones_the_first():
    good, bad = ["das Licht ist links an"], ["das Licht"]
    cells = [
        {"beam_size": size, "length_penalty": 0.6, "hypotheses": texts}
        for size, texts in ((1, bad), (4, good), (8, good))
    ]
    references = ["das Licht ist links aus"]
    assert choose(cells, references, BleuTokenizer.MTEVAL_13A).beam_size == 4


def test_the_search_is_chosen_by_bleu_of_the_language():
    cells = [
        {"beam_size": size, "length_penalty": 0.6, "hypotheses": [text]}
        for size, text in ((1, "门已关闭了吗"), (4, "厨房的灯已打开"))
    ]
    assert choose(cells, ["厨房的新灯已打开"], BleuTokenizer.CHINESE).beam_size == 4


def test_perfect_translations_without_spaces_have_a_bleu_of_100(model, encoded, tmp_path):
    decode(model, encoded, tmp_path, DECODING)
    for split in TESTS:
        path = tmp_path / f"{split}.jsonl"
        rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        texts = [f"厨房里第{number}盏新灯已打开。" for number in range(len(rows))]
        perfect = [
            row | {"hypothesis": text, "reference": text}
            for row, text in zip(rows, texts, strict=True)
        ]
        write_json_lines(path, perfect)
    chinese = {"bleu_tokenizer": BleuTokenizer.CHINESE, "tokenised_bleu": Convention.CHARACTERS}

    found = evaluate(model, encoded, tmp_path, EVALUATION.model_copy(update=chinese))

    for scores in (found.metrics["test"], found.metrics["test_2017"]["test"]):
        assert scores["bleu"] == scores["tokenised_bleu"] == pytest.approx(100)
        assert "tok:zh" in scores["bleu_signature"]
    assert_scores_follow_from_records(found, MEASURES)


def test_hypotheses_of_equal_texts_are_one_with_the_best_score():
    pieces = Mock(decode=lambda ids: "".join(map(str, ids)))  # 1, 2 and 12 are spelled alike
    found = [Hypothesis([12], -1.0), Hypothesis([3], -2.0), Hypothesis([1, 2], -3.0)]
    assert different(found, pieces) == [("12", -1.0), ("3", -2.0)]


def test_more_hypotheses_are_found_than_are_asked_for_as_some_have_equal_texts(model, encoded):
    several = Beam(kind="beam", beam_size=4, length_penalty=0.6, n_best=3)
    one = several.model_copy(update={"n_best": 1})
    sources = read_sequences(encoded, "test", "source")
    found, best = (
        list(translate(model, sources, DECODING.model_copy(update={"method": method})))
        for method in (several, one)
    )
    for hypotheses, (first,) in zip(found, best, strict=True):
        assert len(hypotheses) > 3 and hypotheses[0] == first
        scores = [each.score for each in hypotheses]
        assert scores == sorted(scores, reverse=True)


def test_other_searches_are_variants_of_the_run(model, encoded, tmp_path):
    searches = {
        "greedy": OtherSearch(beam_size=1, length_penalty=0.0),
        "no_penalty": OtherSearch(beam_size=None, length_penalty=0.0),
    }
    decode(model, encoded, tmp_path, DECODING.model_copy(update={"other_searches": searches}))
    for name, size in (("greedy", 1), ("no_penalty", 2)):
        method = Beam(kind="beam", beam_size=size, length_penalty=0.0, n_best=1)
        folder = tmp_path / name
        folder.mkdir()
        decode(model, encoded, folder, DECODING.model_copy(update={"method": method}))
        assert (tmp_path / f"test@{name}.jsonl").read_text() == (folder / "test.jsonl").read_text()
    line = json.loads((tmp_path / "test@greedy.jsonl").read_text().splitlines()[0])
    lines = [
        line | {"hypothesis": reference, "reference": reference} for _, reference in TESTS["test"]
    ]
    (tmp_path / "test@greedy.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))

    found = evaluate(model, encoded, tmp_path, EVALUATION)
    assert found.metrics["other_searches"]["greedy"]["bleu"] == pytest.approx(100)
    assert {*found.records} == {*TESTS, "test@greedy", "test@no_penalty"}
    run, variant = found.records["test"], found.records["test@greedy"]
    assert variant.test_set == run.test_set
    assert np.array_equal(variant.statistics["nats"], run.statistics["nats"])
    assert np.array_equal(variant.statistics["bleu_matches_1"], variant.statistics["bleu_totals_1"])
