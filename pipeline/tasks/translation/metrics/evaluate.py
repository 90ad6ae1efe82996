"""BLEU and chrF of the translations, and the likelihood of the references."""

import json
from pathlib import Path

import numpy as np
from sacrebleu.metrics import BLEU, CHRF
from torch import nn

from pipeline.corpus import Split, all_tests
from pipeline.decoding.likelihood import token_nll
from pipeline.files import read_json
from pipeline.tasks.translation.batches import Pairs
from pipeline.tasks.translation.metrics.tokenised import tokenised_bleu
from pipeline.tasks.translation.settings import TranslationEvaluation
from pipeline.training.loss import IGNORED

_DIGITS = 6

Scores = dict[str, float | str]


def evaluate(
    model: nn.Module, encoded: Path, samples: Path, evaluation: TranslationEvaluation
) -> dict[str, dict]:
    """Measure the translations in `samples` and `model` on the test sets.

    Returns {"test": ..., "baseline": ...}, and the same again for a further test set under its
    name. BLEU and chrF come with sacreBLEU's signature and its 95 % bootstrap interval over
    sentences; `tokenised_bleu` follows `evaluation.tokenised_bleu`. The baseline copies the source.
    """
    measured = {
        split: _measure(model, encoded, samples, split, evaluation) for split in all_tests(encoded)
    }
    return measured.pop("test") | measured


def _measure(
    model: nn.Module, encoded: Path, samples: Path, split: Split, evaluation: TranslationEvaluation
) -> dict[str, Scores]:
    lines = (samples / f"{split}.jsonl").read_text(encoding="utf-8").split("\n")[:-1]
    rows = [json.loads(line) for line in lines]
    sources, references, hypotheses = (
        [row[column] for row in rows] for column in ("source", "reference", "hypothesis")
    )
    test: Scores = {"sentences": len(rows)}
    baseline: Scores = {}
    for name, metric in (("bleu", BLEU()), ("chrf", CHRF())):
        score = metric.corpus_score(
            hypotheses, [references], n_bootstrap=evaluation.bootstrap_samples
        )
        test[name] = score.score
        # sacreBLEU offers the interval only inside its formatted text.
        test[f"{name}_low"] = float(score._mean - score._ci)
        test[f"{name}_high"] = float(score._mean + score._ci)
        test[f"{name}_signature"] = str(metric.get_signature())
        baseline[f"copy_source_{name}"] = metric.corpus_score(sources, [references]).score
    test["tokenised_bleu"], test["tokenised_bleu_signature"] = tokenised_bleu(
        hypotheses, references, _target_language(encoded), evaluation.tokenised_bleu
    )
    test["nats_per_token"] = nats_per_token(model, encoded, split, evaluation.batch_tokens)
    return {"test": _rounded(test), "baseline": _rounded(baseline)}


def _target_language(encoded: Path) -> str:
    return read_json(encoded / "manifest.json")["target_language"]


def nats_per_token(model: nn.Module, encoded: Path, split: Split, batch_tokens: int) -> float:
    """-log p of a split's references per piece, the end counted, padding not."""
    pairs = Pairs(encoded, split)
    device = next(model.parameters()).device
    total, count = 0.0, 0
    for group in pairs.grouped(np.arange(len(pairs)), batch_tokens):
        batch = pairs.batch(group).to(device)
        nats = token_nll(model, batch.inputs, batch.targets, batch.source)
        total += nats.double().sum().item()
        count += int((batch.targets != IGNORED).sum())
    return total / count


def _rounded(values: Scores) -> Scores:
    return {
        name: round(value, _DIGITS) if isinstance(value, float) else value
        for name, value in values.items()
    }
