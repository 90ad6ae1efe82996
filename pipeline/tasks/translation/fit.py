"""Checks that the runs on one data set can be compared."""

from collections.abc import Mapping

from pipeline.tasks.translation.settings import TranslationRun


def check_runs(runs: Mapping[str, TranslationRun]) -> None:
    """Raise ValueError if runs on one data set differ in their BLEU convention.

    The report has one column for both.
    """
    first: dict[str, tuple[str, TranslationRun]] = {}
    for name, run in runs.items():
        other_name, other = first.setdefault(run.dataset, (name, run))
        if run.evaluation.tokenised_bleu is not other.evaluation.tokenised_bleu:
            raise ValueError(
                f"runs.{name}.evaluation.tokenised_bleu = {run.evaluation.tokenised_bleu} "
                f"but runs.{other_name}.evaluation.tokenised_bleu = "
                f"{other.evaluation.tokenised_bleu} on the same data set, where their scores share "
                "a column; make them equal"
            )
