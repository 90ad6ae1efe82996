"""Checks that a run fits its data set, and that the runs on one data set can be compared."""

from collections.abc import Mapping

from pipeline.tasks.translation.settings import (
    BleuTokenizer,
    Convention,
    TranslationDataset,
    TranslationRun,
    primary_subtag,
)

# ISO 639-1 and 639-3 codes of the languages that are written without spaces.
_UNSPACED = {
    *("zh", "zho", "cmn", "yue", "wuu", "nan", "hak", "lzh"),
    *("ja", "jpn", "th", "tha", "lo", "lao", "km", "khm", "my", "mya", "shn"),
    *("bo", "bod", "dz", "dzo", "ii", "iii"),
}
_CUTS_AT_SPACES = {BleuTokenizer.MTEVAL_13A, BleuTokenizer.INTERNATIONAL}


def check_run(name: str, run: TranslationRun, dataset: TranslationDataset) -> None:
    """Raise ValueError if a line of the target language would be one word to BLEU."""
    language, evaluation = dataset.encoding.target_language, run.evaluation
    if primary_subtag(language) not in _UNSPACED:
        return
    if evaluation.bleu_tokenizer in _CUTS_AT_SPACES:
        raise ValueError(
            f"runs.{name}.evaluation.bleu_tokenizer = {evaluation.bleu_tokenizer} cuts at spaces, "
            f"but datasets.{run.dataset}.encoding.target_language = {language} has none; use zh "
            "for Chinese, char or flores200"
        )
    if evaluation.tokenised_bleu is not Convention.CHARACTERS:
        raise ValueError(
            f"runs.{name}.evaluation.tokenised_bleu = {evaluation.tokenised_bleu} cuts at spaces, "
            f"but datasets.{run.dataset}.encoding.target_language = {language} has none; use "
            "characters"
        )


def check_runs(runs: Mapping[str, TranslationRun]) -> None:
    """Raise ValueError if runs on one data set differ in how BLEU cuts text.

    The report has one column for all of them.
    """
    first: dict[str, tuple[str, TranslationRun]] = {}
    for name, run in runs.items():
        other_name, other = first.setdefault(run.dataset, (name, run))
        for field in ("bleu_tokenizer", "tokenised_bleu"):
            values = getattr(run.evaluation, field), getattr(other.evaluation, field)
            if values[0] is not values[1]:
                raise ValueError(
                    f"runs.{name}.evaluation.{field} = {values[0]} but "
                    f"runs.{other_name}.evaluation.{field} = {values[1]} on the same data set, "
                    "where their scores share a column; make them equal"
                )
