"""Classifies passages of text with a trained run: the command `classify`."""

import numpy as np

from pipeline.tasks.classification.answerer import Answerer
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.decoding.probabilities import probabilities_of
from pipeline.tasks.classification.settings import ClassificationRun


class Classifier(Answerer):
    """Answers with the likeliest class of a passage, and its probability."""

    def __init__(self, name: str, run: ClassificationRun) -> None:
        super().__init__(name, run)
        self._classes: list[str] = self.manifest["classes"]

    @property
    def introduction(self) -> str:
        """Which network answers, and the classes."""
        return f"{super().introduction}: {', '.join(self._classes)}"

    def answer(self, text: str, ids: list[int]) -> str:
        """Return class and probability."""
        passage = Passages([np.array(ids)], np.zeros(1, np.int64))
        (shares,) = probabilities_of(self.model, passage, 1)
        return f"{self._classes[shares.argmax()]} {shares.max():.3f}"
