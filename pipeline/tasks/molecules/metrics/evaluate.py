"""Errors of the energies, those of the baselines, and what heads attend to."""

from pathlib import Path

import numpy as np

from models.shared.base import Model
from pipeline.corpus import all_tests
from pipeline.evaluation import Evaluation, records_of
from pipeline.tasks.molecules.batches import Graphs
from pipeline.tasks.molecules.metrics.drawings import drawings
from pipeline.tasks.molecules.metrics.estimates import read_estimates
from pipeline.tasks.molecules.metrics.relations import Relations, relations
from pipeline.tasks.molecules.metrics.statistics import (
    ABSOLUTE_ERROR,
    ACCURATE,
    LINEAR,
    MEAN,
)
from pipeline.tasks.molecules.settings import MoleculeEvaluation

CHEMICAL_ACCURACY = 1.0  # kcal/mol
_DIGITS = 6


def evaluate(
    model: Model, encoded: Path, samples: Path, evaluation: MoleculeEvaluation
) -> Evaluation:
    """Evaluate the estimates in `samples` on each test set, beside two baselines.

    `mean` is the mean energy of training, `linear` a sum over the elements that was fitted to it.
    Among the metrics, `relations` says which relation a head finds. The details are the molecules,
    the figure `molecules` the first of them with the attention of each head.
    """
    validation, test = Graphs.read(encoded, "validation"), Graphs.read(encoded, "test")
    mean = float(Graphs.read(encoded, "train").energies.mean())
    found = relations(model, encoded, evaluation.batch_molecules, validation, test)
    metrics, records, details = {}, {}, {}
    for split in all_tests(encoded):
        rows, estimates = read_estimates(samples / f"{split}.csv")
        errors = _errors(Graphs.read(encoded, split), estimates, mean)
        metrics[split] = {
            "test": {"molecules": len(rows)},
            "baseline": {
                name: round(float(errors[column].mean()), _DIGITS)
                for name, (column, _) in (("mean", MEAN), ("linear", LINEAR))
            },
        }
        statistics = errors | (found.statistics if split == "test" else _none(found, len(rows)))
        names = (row["name"].encode() for row in rows)
        records[split] = records_of(encoded, split, names, statistics)
        details[split] = [
            {**row, "error": round(float(error), _DIGITS)}
            for row, error in zip(rows, errors[ABSOLUTE_ERROR[0]], strict=True)
        ]
    _, estimates = read_estimates(samples / "test.csv")
    shown = drawings(model, encoded, test, estimates, evaluation.shown_molecules)
    metrics = metrics.pop("test") | metrics | {"relations": found.metrics}
    return Evaluation(metrics, records, details, {"molecules": shown})


def _errors(graphs: Graphs, estimates: np.ndarray, mean: float) -> dict[str, np.ndarray]:
    """Return the statistics (molecule,) of every metric of the energies."""
    error = np.abs(estimates - graphs.energies)
    return {
        ABSOLUTE_ERROR[0]: error,
        ABSOLUTE_ERROR[1]: np.ones(len(error), np.int64),
        ACCURATE[0]: (error <= CHEMICAL_ACCURACY).astype(np.int64),
        MEAN[0]: np.abs(mean - graphs.energies),
        LINEAR[0]: np.abs(graphs.reference.of(graphs.atoms) - graphs.energies),
    }


def _none(found: Relations, records: int) -> dict[str, np.ndarray]:
    """Return the statistics of relations where they are not measured: every split has the same."""
    return {name: np.zeros(records, values.dtype) for name, values in found.statistics.items()}
