"""The metrics and the trivial baseline of translation."""

from dataclasses import replace
from typing import Any

from pipeline import block_measures
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
    headline="bleu",
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

# What only claims ask for.
UNIGRAM_NATS = Metric(
    "unigram_nats",
    "nats per piece, frequencies",
    "−ln of the frequency of the pieces of the reference among the training targets",
    decimals=3,
    higher_is_better=False,
    statistics=statistics.UNIGRAM_NATS,
)
LENGTH_GAP = Metric(
    "length_gap",
    "nats, longer − shorter",
    "nats per piece of the longer half of the references minus those of the shorter half",
    decimals=3,
    higher_is_better=False,
    statistics=statistics.LENGTH_GAP,
    compute=statistics.length_gap,
)
PROBE_R2 = Metric(
    "probe_r2",
    "R² of the position",
    "R² of a linear probe of the position in the top layer of the encoder",
    decimals=3,
    higher_is_better=True,
    statistics=statistics.PROBE_R2,
    compute=statistics.explained,
)
CROSS_CORRELATION = Metric(
    "cross_correlation",
    "diagonal",
    "correlation of target and source positions under the top layer’s attention to the source",
    decimals=3,
    higher_is_better=True,
    statistics=statistics.CROSS_CORRELATION,
)

MEASURES = Measures(
    metrics=(BLEU, TOKENISED_BLEU, CHRF, NATS_PER_PIECE, *block_measures.METRICS),
    baselines=(
        Baseline("Source copied", {"bleu": "copy_source_bleu", "chrf": "copy_source_chrf"}),
    ),
    records="sentences",
    compared_by=(LOWERCASE_BLEU,),
    for_claims=(UNIGRAM_NATS, LENGTH_GAP, PROBE_R2, CROSS_CORRELATION, block_measures.ONE_ID),
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
