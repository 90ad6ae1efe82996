"""The metrics and the trivial baselines of molecules."""

from typing import Any

from pipeline.measures import Baseline, Measures, Metric
from pipeline.tasks.molecules.metrics import statistics
from pipeline.tasks.molecules.settings import MoleculeDataset, MoleculeRun


def _error_for_claims(key: str, label: str, names: tuple[str, str]) -> Metric:
    definition = f"{label}: mean absolute error in kcal/mol"
    return Metric(key, label, definition, decimals=2, higher_is_better=False, statistics=names)


def _share_for_claims(key: str, label: str, names: tuple[str, str]) -> Metric:
    return Metric(
        key, label, label, decimals=1, higher_is_better=True, percent=True, statistics=names
    )


MEASURES = Measures(
    metrics=(
        Metric(
            "mae",
            "mean absolute error",
            "of the energies of the test molecules in kcal/mol, so that it is also the multiple of "
            "chemical accuracy, 1 kcal/mol",
            decimals=2,
            higher_is_better=False,
            has_interval=True,
            statistics=statistics.ABSOLUTE_ERROR,
            headline="mae",
        ),
        Metric(
            "accurate",
            "within chemical accuracy",
            "share of the test molecules whose error is at most 1 kcal/mol",
            decimals=1,
            higher_is_better=True,
            percent=True,
            statistics=statistics.ACCURATE,
        ),
    ),
    baselines=(
        Baseline("Mean energy", {"mae": "mean"}),
        Baseline(
            "Linear in the elements",
            {"mae": "linear"},
            definition="a constant and an energy for each atom by its element, fitted to the "
            "training molecules by least squares",
        ),
    ),
    records="molecules",
    for_claims=(
        _error_for_claims("mean_mae", "mean energy", statistics.MEAN),
        _error_for_claims("linear_mae", "linear in the elements", statistics.LINEAR),
        _share_for_claims(
            "on_relation", "attention on the relation that a head finds", statistics.ON_RELATION
        ),
        _share_for_claims(
            "relation_pairs", "share of pairs with that relation", statistics.RELATION_PAIRS
        ),
    ),
)


def measures(run: MoleculeRun, dataset: MoleculeDataset, facts: dict[str, Any]) -> Measures:
    """Return the measures of a run: the same for all."""
    return MEASURES
