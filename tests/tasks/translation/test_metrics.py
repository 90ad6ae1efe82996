import json
import math
from urllib.error import URLError

import numpy as np
import pytest
import torch
from sacrebleu.metrics import BLEU, CHRF

from models.build import build
from models.settings import Structure
from pipeline.corpus import write_sequences
from pipeline.errors import DataError
from pipeline.files import write_json
from pipeline.tasks.translation.codec import BOS, EOS
from pipeline.tasks.translation.measures import MEASURES
from pipeline.tasks.translation.metrics import counting
from pipeline.tasks.translation.metrics.counting import bleu_counts
from pipeline.tasks.translation.metrics.evaluate import evaluate
from pipeline.tasks.translation.metrics.statistics import bleu
from pipeline.tasks.translation.metrics.tokenised import moses_language, tokenise, tokenised_bleu
from pipeline.tasks.translation.settings import (
    BleuTokenizer,
    Convention,
    TranslationEvaluation,
)
from tests.models.comparison import all_logits
from tests.models.networks import sequences, settings
from tests.tasks.evaluations import assert_scores_follow_from_records, write_clusters

QUOTED = "Der E-Mail-Code („neu“) ist da, z. B. heute: 3,5 Grad!"


@pytest.mark.parametrize(
    ("convention", "expected"),
    [
        ("moses", "Der E-Mail-Code ( „ neu “ ) ist da , z. B. heute : 3,5 Grad !"),
        (
            "moses_compound_split",
            "Der E ##AT##-##AT## Mail ##AT##-##AT## Code ( „ neu “ ) ist da , z. B. heute : 3,5 "
            "Grad !",
        ),
        ("multi30k", 'der e-mail-code ( " neu " ) ist da , z. b. heute : 3,5 grad !'),
    ],
)
def test_each_convention_cuts_as_its_script(convention, expected):
    assert tokenise([QUOTED], "de", Convention(convention)) == [expected]


def test_a_compound_counts_as_its_parts_only_when_it_is_split():
    hypothesis, reference = ["Der E-Post-Code ist da"], ["Der E-Mail-Code ist da"]
    whole, _ = tokenised_bleu(hypothesis, reference, "de", Convention.MOSES)
    split, _ = tokenised_bleu(hypothesis, reference, "de", Convention.MOSES_COMPOUND_SPLIT)
    # Unigrams, bigrams, ...: of 4 tokens 3, 1, 0, 0 match; of 8 tokens 7, 5, 3, 1.
    assert split.score == pytest.approx(100 * (7 / 8 * 5 / 7 * 3 / 6 * 1 / 5) ** 0.25)
    assert whole.score == pytest.approx(100 * (3 / 4 * 1 / 3 * (1 / 2 / 2) * (1 / 4 / 1)) ** 0.25)


def test_case_counts_only_where_the_convention_keeps_it():
    hypothesis, reference = ["der Hund läuft heute."], ["Der Hund läuft heute."]
    lower, _ = tokenised_bleu(hypothesis, reference, "de", Convention.MULTI30K)
    kept, _ = tokenised_bleu(hypothesis, reference, "de", Convention.MOSES)
    assert lower.score == pytest.approx(100)
    assert kept.score < 99


def test_the_signature_names_convention_language_and_versions():
    _, signature = tokenised_bleu(["a b"], ["a b"], "de", Convention.MOSES_COMPOUND_SPLIT)
    assert signature.startswith("moses_compound_split:de|sacremoses:0.2.0|nrefs:1|case:mixed|")
    assert "tok:none" in signature


TEXTS = {
    "zh": "厨房里新的灯已打开。",
    "ja": "台所の新しい照明がオンになりました。",
    "th": "ไฟดวงใหม่ในห้องครัวเปิดอยู่",
    "ar": "المصباح الجديد في المطبخ مضاء الآن.",
}


@pytest.mark.parametrize(
    ("language", "tokenizer", "expected"),
    [
        ("zh", BleuTokenizer.CHINESE, 100),
        ("zh", BleuTokenizer.CHARACTERS, 100),
        ("zh", BleuTokenizer.MTEVAL_13A, 0),  # a line is one word, and none of two
        ("ja", BleuTokenizer.CHARACTERS, 100),
        ("th", BleuTokenizer.CHARACTERS, 100),
        ("th", BleuTokenizer.MTEVAL_13A, 0),
        ("ar", BleuTokenizer.MTEVAL_13A, 100),
        ("ar", BleuTokenizer.INTERNATIONAL, 100),
    ],
)
def test_perfect_translations_have_a_bleu_of_100_where_text_is_cut(language, tokenizer, expected):
    texts = [TEXTS[language]]
    counts = bleu_counts(texts, texts, tokenize=tokenizer, lowercase=False)
    assert bleu(counts.sum(axis=0)) == pytest.approx(expected)


def test_characters_are_tokens_of_their_own():
    texts = ["新的 灯。", "ไฟ ดวง"]
    assert tokenise(texts, "zh", Convention.CHARACTERS) == ["新 的 灯 。", "ไ ฟ ด ว ง"]
    score, signature = tokenised_bleu(texts, texts, "zh_Hans", Convention.CHARACTERS)
    assert score.score == pytest.approx(100) and signature.startswith("characters:zh|")


@pytest.mark.parametrize(
    ("language", "name"),
    [("de", "de"), ("pt-BR", "pt"), ("eng_Latn", "en"), ("deu", "de"), ("EN-us", "en")],
)
def test_moses_knows_a_language_by_the_code_of_it_alone(language, name):
    assert moses_language(language) == name
    # English prefixes, which are cut otherwise in German: an abbreviation keeps its dot.
    assert tokenise(["Mr. X is here."], language, Convention.MOSES) == tokenise(
        ["Mr. X is here."], name, Convention.MOSES
    )


def test_a_model_that_cannot_be_downloaded_is_one_line(monkeypatch):
    def unreachable(**_):
        raise URLError("no network")

    monkeypatch.setattr(counting, "BLEU", unreachable)
    with pytest.raises(DataError, match="bleu_tokenizer = flores200: .* check the network"):
        counting.bleu_metric("flores200")


def test_evaluate_measures_hypotheses_against_references_and_the_likelihood(tmp_path):
    rows = [
        {"source": "the light is on now", "reference": "das Licht ist jetzt an",
         "hypothesis": "das Licht ist jetzt aus", "score": -1.0},
        {"source": "the door is open today", "reference": "die Tür ist heute offen",
         "hypothesis": "die Tür ist heute offen", "score": -0.5},
    ]  # fmt: skip
    text = "".join(json.dumps(row) + "\n" for row in rows)
    (tmp_path / "test.jsonl").write_text(text, encoding="utf-8")
    (tmp_path / "search_grid.jsonl").write_text(
        '{"beam_size": 1, "hypotheses": ["das Flur-Licht ist ganz aus"], "length_penalty": 0.6}\n'
    )
    (tmp_path / "validation.target.txt").write_text("das Bad-Licht ist aus\n")
    manifest = {"target_language": "de", "letter_case": "kept", "splits": {"test": {}}}
    write_json(tmp_path / "manifest.json", manifest)
    write_clusters(tmp_path, test=2)
    ids = [[5, 6, 7], [8, 9]], [[7, 6], [5, 4, 8, 9]]
    for field, of_field in zip(("source", "target"), ids, strict=True):
        for split in ("train", "validation", "test"):
            write_sequences(tmp_path, split, field, map(np.array, of_field), np.dtype(np.uint16))
    torch.manual_seed(1)
    shape = sequences(12, 12)
    model = build(settings(Structure.ENCODER_DECODER), shape).eval()
    evaluation = TranslationEvaluation(
        bleu_tokenizer=BleuTokenizer.MTEVAL_13A,
        tokenised_bleu=Convention.MOSES_COMPOUND_SPLIT,
        bootstrap_samples=50,
        bootstrap_seed=1,
        batch_tokens=100,
        attention_sentences=0,
    )

    found = evaluate(model, tmp_path, tmp_path, evaluation)

    assert_scores_follow_from_records(found, MEASURES)
    nats = []
    for source, target in zip(*ids, strict=True):
        inputs, source = torch.tensor([[BOS, *target]]), torch.tensor([[*source, EOS]])
        log_probs = all_logits(model, inputs, source).log_softmax(dim=-1)[0]
        nats += [-log_probs[at, token].item() for at, token in enumerate([*target, EOS])]
    assert found.metrics["test"]["nats_per_token"] == pytest.approx(math.fsum(nats) / 8, abs=2e-6)
    hypotheses = [row["hypothesis"] for row in rows]
    expected = BLEU().corpus_score(hypotheses, [[row["reference"] for row in rows]]).score
    assert found.metrics["test"]["bleu"] == pytest.approx(expected, abs=1e-6)
    # No punctuation to cut, no compound to split: both conventions see the same tokens.
    assert found.metrics["test"]["tokenised_bleu"] == found.metrics["test"]["bleu"]
    assert found.metrics["test"]["sentences"] == 2
    assert found.metrics["baseline"]["copy_source_bleu"] < 10
    references = [row["reference"] for row in rows]
    assert [set(row) for row in found.details["test"]] == [
        {*rows[0], "sentence_bleu", "sentence_chrf", "nats", "tokens"}
    ] * 2
    assert [row["nats"] for row in found.details["test"]] == pytest.approx(
        [math.fsum(nats[:3]), math.fsum(nats[3:])], abs=2e-6
    )
    assert [row["tokens"] for row in found.details["test"]] == [3, 5]
    for row, hypothesis, reference in zip(
        found.details["test"], hypotheses, references, strict=True
    ):
        bleu = BLEU(effective_order=True).sentence_score(hypothesis, [reference]).score
        assert row["sentence_bleu"] == pytest.approx(bleu, abs=1e-6)
        chrf = CHRF().sentence_score(hypothesis, [reference]).score
        assert row["sentence_chrf"] == pytest.approx(chrf, abs=1e-6)
    assert found.details["test"][1]["sentence_bleu"] == pytest.approx(100)
    statistics = found.records["test"].statistics
    # Both sentences are those of training: of 8 pieces and 12 that are added, EOS is there thrice.
    log = [math.log(20 / count) for count in (2, 3)]
    assert statistics["unigram_nats"] == pytest.approx([2 * log[0] + log[1], 4 * log[0] + log[1]])
    assert statistics["longer_nats"].tolist() == [0.0, statistics["nats"][1]]
    assert statistics["longer_tokens"].tolist() == [0, 5]
    (cell,) = found.metrics["search_grid"]
    # 7 tokens beside 6 once compounds are split; n-grams that match: 5 of 7, 2 of 6, 1 of 5, 0 of 4
    # (smoothed to 1 / 2)
    assert cell == {
        "beam_size": 1,
        "length_penalty": 0.6,
        "tokenised_bleu": pytest.approx(
            100 * (5 / 7 * 2 / 6 * 1 / 5 * (1 / 2 / 4)) ** 0.25, abs=1e-6
        ),
        "length_ratio": pytest.approx(7 / 6, abs=1e-6),
    }
