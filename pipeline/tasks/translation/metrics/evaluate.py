"""BLEU and chrF of the translations, and likelihood of the references."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import sacrebleu
import torch

from models.shared.base import AutoregressiveModel
from models.shared.heads import IGNORED
from pipeline.blocks import block_statistics, one_id_a_pass, read_blocks
from pipeline.corpus import Split, all_tests, read_sequences
from pipeline.evaluation import Evaluation, records_of
from pipeline.files import read_json
from pipeline.tasks.translation.batches import Pairs
from pipeline.tasks.translation.codec import EOS
from pipeline.tasks.translation.metrics.attention import attention_of_sentences
from pipeline.tasks.translation.metrics.counting import (
    bleu_counts,
    bleu_metric,
    chrf_counts,
    sentence_bleu,
)
from pipeline.tasks.translation.metrics.positions import positions_by_layer
from pipeline.tasks.translation.metrics.statistics import (
    BLEU,
    CHRF,
    LOWERCASE_BLEU,
    TOKENISED_BLEU,
    chrf,
)
from pipeline.tasks.translation.metrics.tokenised import tokenise, tokenised_bleu
from pipeline.tasks.translation.settings import Convention, LetterCase, TranslationEvaluation

_DIGITS = 6

Scores = dict[str, float | str]


def evaluate(
    model: AutoregressiveModel, encoded: Path, samples: Path, evaluation: TranslationEvaluation
) -> Evaluation:
    """Evaluate `model`, and its translations in `samples`, on the test sets.

    The metrics are {"test": ..., "baseline": ...}, and the same under the name of each further test
    set. BLEU and chrF come with sacreBLEU's signature; `tokenised_bleu` follows the convention
    `evaluation.tokenised_bleu`. The baseline copies the source. `other_searches` has the scores of
    their translations of "test"; `positions` measures how much of the word order reaches each layer
    of a Transformer, `search_grid` tokenised BLEU and length ratio on the validation split by beam
    size and length penalty. The details are the sentences of all test sets, the figures attention
    maps on "test".
    """
    metrics, records, details = {}, {}, {}
    unigrams = unigram_nats(encoded, model.shape.outputs)
    positions, blocks = positions_by_layer(model, encoded), read_blocks(samples)
    for split in all_tests(encoded):
        rows = _read_rows(samples / f"{split}.jsonl")
        nats, tokens = sentence_nats(model, encoded, split, evaluation.batch_tokens)
        metrics[split] = _measure(rows, encoded, evaluation)
        metrics[split]["test"]["nats_per_token"] = round(float(nats.sum() / tokens.sum()), _DIGITS)
        statistics = {"nats": nats, "tokens": tokens}
        statistics |= _longer(nats, tokens) | {"unigram_nats": _sums(encoded, split, unigrams)}
        statistics |= _text_statistics(rows, encoded, evaluation)
        elsewhere = {name: np.zeros(len(rows)) for name in positions.statistics}
        statistics |= positions.statistics if split == "test" else elsewhere
        if blocks is not None:
            of_test = block_statistics(blocks, range(len(blocks.sizes)), len(blocks.sizes))
            is_test = split == "test"
            statistics |= of_test if is_test else one_id_a_pass(of_test, len(rows))
        records[split] = records_of(encoded, split, map(_content, rows), statistics)
        details[split] = _details(rows, statistics)
    searches = {}
    for path in sorted(samples.glob("test@*.jsonl")):
        rows = _read_rows(path)
        searches[path.stem.partition("@")[2]] = _measure(rows, encoded, evaluation)["test"]
        texts = _text_statistics(rows, encoded, evaluation)
        texts |= one_id_a_pass(records["test"].statistics, len(rows))
        records[path.stem] = replace(records["test"], statistics=records["test"].statistics | texts)
    hypotheses = [row["hypothesis"] for row in details["test"]]
    maps = attention_of_sentences(model, encoded, hypotheses, evaluation.attention_sentences)
    metrics = metrics.pop("test") | metrics
    metrics |= {
        "positions": positions.layers,
        "search_grid": _search_grid(encoded, samples, evaluation.tokenised_bleu),
        "other_searches": searches,
    }
    return Evaluation(metrics, records, details, {"attention": maps})


def _measure(
    rows: list[dict[str, Any]], encoded: Path, evaluation: TranslationEvaluation
) -> dict[str, Scores]:
    sources, references, hypotheses = (
        [row[column] for row in rows] for column in ("source", "reference", "hypothesis")
    )
    test: Scores = {"sentences": len(rows)}
    baseline: Scores = {}
    metrics = {"bleu": bleu_metric(evaluation.bleu_tokenizer), "chrf": sacrebleu.CHRF()}
    for name, metric in metrics.items():
        test[name] = metric.corpus_score(hypotheses, [references]).score
        test[f"{name}_signature"] = str(metric.get_signature())
        baseline[f"copy_source_{name}"] = metric.corpus_score(sources, [references]).score
    tokenised, test["tokenised_bleu_signature"] = tokenised_bleu(
        hypotheses, references, _target_language(encoded), evaluation.tokenised_bleu
    )
    test["tokenised_bleu"] = tokenised.score
    return {"test": _rounded(test), "baseline": _rounded(baseline)}


def _target_language(encoded: Path) -> str:
    return read_json(encoded / "manifest.json")["target_language"]


@torch.no_grad()
def sentence_nats(
    model: AutoregressiveModel, encoded: Path, split: Split, batch_tokens: int
) -> tuple[np.ndarray, np.ndarray]:
    """Compute -log p of each reference of a split, and its number of tokens, (sentence,) each.

    EOS is included in both.
    """
    pairs = Pairs(encoded, split)
    device = next(model.parameters()).device
    nats, tokens = np.zeros(len(pairs)), np.zeros(len(pairs), np.int64)
    for group in pairs.grouped(np.arange(len(pairs)), batch_tokens):
        batch = pairs.batch(group).to(device)
        token_nats = model.nats(batch.inputs, batch.targets, batch.source)
        nats[group] = token_nats.double().sum(dim=1).cpu().numpy()
        tokens[group] = (batch.targets != IGNORED).sum(dim=1).cpu().numpy()
    return nats, tokens


def unigram_nats(encoded: Path, outputs: int) -> np.ndarray:
    """Compute -ln of the frequency of each piece among the training targets, (piece,).

    Frequencies are add-one smoothed; each target ends with EOS.
    """
    targets = read_sequences(encoded, "train", "target")
    counts = np.ones(outputs)
    for ids in targets:
        counts += np.bincount(ids, minlength=outputs)
    counts[EOS] += len(targets)
    return -np.log(counts / counts.sum())


def _sums(encoded: Path, split: Split, nats: np.ndarray) -> np.ndarray:
    """Sum the nats (piece,) of the references of a split and their EOS, (sentence,)."""
    targets = read_sequences(encoded, split, "target")
    return np.array([nats[ids].sum() + nats[EOS] for ids in targets])


def _longer(nats: np.ndarray, tokens: np.ndarray) -> dict[str, np.ndarray]:
    """Return nats and tokens where a reference is longer than the median, else 0."""
    is_longer = tokens > np.median(tokens)
    return {"longer_nats": nats * is_longer, "longer_tokens": tokens * is_longer}


def _content(row: dict[str, Any]) -> bytes:
    return json.dumps([row["source"], row["reference"]]).encode()


def _text_statistics(
    rows: list[dict[str, Any]], encoded: Path, evaluation: TranslationEvaluation
) -> dict[str, np.ndarray]:
    """Count the statistics (sentence,) of BLEU and chrF; lower-cased text adds LOWERCASE_BLEU."""
    manifest = read_json(encoded / "manifest.json")
    texts = [[row[column] for row in rows] for column in ("hypothesis", "reference")]
    language, tokenizer = manifest["target_language"], evaluation.bleu_tokenizer
    tokenised = [tokenise(lines, language, evaluation.tokenised_bleu) for lines in texts]
    counts = {
        BLEU: bleu_counts(*texts, tokenize=tokenizer, lowercase=False),
        TOKENISED_BLEU: bleu_counts(*tokenised, tokenize="none", lowercase=False),
        CHRF: chrf_counts(*texts),
    }
    if manifest["letter_case"] == LetterCase.LOWER:
        counts[LOWERCASE_BLEU] = bleu_counts(*texts, tokenize=tokenizer, lowercase=True)
    return {
        name: column
        for names, table in counts.items()
        for name, column in zip(names, table.T, strict=True)
    }


def _details(rows: list[dict[str, Any]], statistics: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    """Return each translation with its sentence BLEU and chrF, and -log p of its reference."""
    bleu_table, chrf_table = (
        np.stack([statistics[name] for name in names], axis=1) for names in (BLEU, CHRF)
    )
    columns = {
        "sentence_bleu": sentence_bleu(bleu_table),
        "sentence_chrf": chrf(chrf_table).tolist(),
        "nats": statistics["nats"].tolist(),
        "tokens": statistics["tokens"].tolist(),
    }
    return [
        {name: row[name] for name in ("source", "reference", "hypothesis", "score")}
        | _rounded(dict(zip(columns, values, strict=True)))
        for row, *values in zip(rows, *columns.values(), strict=True)
    ]


def _search_grid(encoded: Path, samples: Path, convention: Convention) -> list[dict[str, float]]:
    language = _target_language(encoded)
    references = (encoded / "validation.target.txt").read_text(encoding="utf-8").split("\n")[:-1]
    cells = []
    for row in _read_rows(samples / "search_grid.jsonl"):
        score, _ = tokenised_bleu(row.pop("hypotheses"), references, language, convention)
        metrics = {"tokenised_bleu": score.score, "length_ratio": score.sys_len / score.ref_len}
        cells.append(row | _rounded(metrics))
    return cells


def _read_rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n")[:-1]]


def _rounded(values: Scores) -> Scores:
    return {
        name: round(value, _DIGITS) if isinstance(value, float) else value
        for name, value in values.items()
    }
