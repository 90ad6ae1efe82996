"""The metrics of a run on passages."""

from pathlib import Path

from models.shared.base import Model
from pipeline.evaluation import Evaluation
from pipeline.tasks.classification.metrics.classes import evaluate_classes
from pipeline.tasks.classification.metrics.pieces import evaluate_pieces
from pipeline.tasks.classification.settings import ClassificationEvaluation, Target, target_of


def evaluate(
    model: Model, encoded: Path, samples: Path, evaluation: ClassificationEvaluation
) -> Evaluation:
    """Evaluate what is in `samples`: classes, or pieces."""
    of_classes = target_of(model.settings) is Target.CLASS
    evaluated = evaluate_classes if of_classes else evaluate_pieces
    return evaluated(model, encoded, samples, evaluation)
