"""The metrics and the trivial baseline of translation."""

from dataclasses import replace
from typing import Any

from pipeline.measures import Baseline, Measures, Metric
from pipeline.tasks.translation.metrics import statistics
from pipeline.tasks.translation.settings import (
    Convention,
    LetterCase,
    TranslationDataset,
    TranslationRun,
)

BLEU = Metric(
    "bleu",
    "BLEU",
    "sacreBLEU over the whole test split, on detokenised text",
    decimals=1,
    higher_is_better=True,
    has_interval=True,
    statistics=statistics.BLEU,
    compute=statistics.bleu,
)
TOKENISED_BLEU = Metric(
    "tokenised_bleu",
    "BLEU, tokenised",
    "on text tokenised by the papers’ convention, which the signature names; not comparable "
    "with the column before it",
    decimals=1,
    higher_is_better=True,
    statistics=statistics.TOKENISED_BLEU,
    compute=statistics.bleu,
)
CHRF = Metric(
    "chrf",
    "chrF",
    "F-score of character n-grams",
    decimals=1,
    higher_is_better=True,
    has_interval=True,
    statistics=statistics.CHRF,
    compute=statistics.chrf,
)
NATS_PER_PIECE = Metric(
    "nats_per_token",
    "nats per piece",
    "−ln p of the reference per piece, END included; depends on the vocabulary, so it "
    "compares only runs with the same pieces",
    decimals=3,
    higher_is_better=False,
    statistics=statistics.NATS_PER_TOKEN,
)
LOWERCASE_BLEU = Metric(
    "lowercase_bleu",
    "BLEU, case ignored",
    "case is ignored, because these networks write lower case only, and text is tokenised by "
    "sacreBLEU",
    decimals=1,
    higher_is_better=True,
    statistics=statistics.LOWERCASE_BLEU,
    compute=statistics.bleu,
)

MEASURES = Measures(
    metrics=(BLEU, TOKENISED_BLEU, CHRF, NATS_PER_PIECE),
    baselines=(
        Baseline("Source copied", {"bleu": "copy_source_bleu", "chrf": "copy_source_chrf"}),
    ),
    records="sentences",
    compared_by=(LOWERCASE_BLEU,),
)

# For networks that write lower case only, with a convention that ignores case.
_CASED = (
    replace(
        TOKENISED_BLEU,
        label="BLEU, lower-cased",
        definition="on text tokenised and lower-cased by the papers’ convention, which the "
        "signature names; these networks write lower case only",
    ),
    replace(
        BLEU,
        label="BLEU, cased",
        definition=f"{BLEU.definition}; counts as an error each capital letter that these "
        "networks cannot write",
    ),
    replace(CHRF, label="chrF, cased", definition=f"{CHRF.definition}, capitals too"),
)
_OTHERS = {metric.key for metric in MEASURES.metrics} - {metric.key for metric in _CASED}
LOWER_CASED = replace(
    MEASURES,
    metrics=(*_CASED, *(metric for metric in MEASURES.metrics if metric.key in _OTHERS)),
)
_IGNORES_CASE = {Convention.MULTI30K}


def measures(run: TranslationRun, dataset: TranslationDataset, facts: dict[str, Any]) -> Measures:
    """Return the measures of a run; if it writes lower case only, the first score ignores case."""
    ignored = run.evaluation.tokenised_bleu in _IGNORES_CASE
    is_lower_cased = dataset.encoding.letter_case is LetterCase.LOWER
    return LOWER_CASED if ignored and is_lower_cased else MEASURES
