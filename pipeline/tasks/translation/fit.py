"""What the runs on one parallel text have to agree on."""

from collections.abc import Mapping

from pipeline.tasks.translation.settings import TranslationRun


def check_runs(runs: Mapping[str, TranslationRun]) -> None:
    """Refuse two conventions of BLEU on one data set: the report would have them in one column."""
    first: dict[str, tuple[str, TranslationRun]] = {}
    for name, run in runs.items():
        other, its = first.setdefault(run.dataset, (name, run))
        if run.evaluation.tokenised_bleu is not its.evaluation.tokenised_bleu:
            raise ValueError(
                f"runs.{name}.evaluation.tokenised_bleu = {run.evaluation.tokenised_bleu} "
                f"but runs.{other}.evaluation.tokenised_bleu = {its.evaluation.tokenised_bleu} on "
                "the same data set, where their scores share a column; make them equal"
            )
