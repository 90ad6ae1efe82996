"""The settings of classification: data, training, decoding, evaluation."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from models.settings import Layout, PassageLayout, Settings, Structure
from pipeline.settings.base import Seed, Share, Splits
from pipeline.settings.evaluation import EvaluationSettings
from pipeline.settings.run import Run
from pipeline.settings.sources import AnySource
from pipeline.settings.training import Training


class ClassificationReader(StrEnum):
    """The layout of raw texts."""

    LIBREOFFICE_HELP = "libreoffice_help"  # a Debian package of pages; a class is a folder of them
    TEXT_FOLDERS = "text_folders"  # a folder for each class, with files of plain text


def _check_distinct(names: list[str]) -> list[str]:
    if len({*names}) < len(names):
        raise ValueError("should name each class once")
    return names


class ClassificationEncoding(Settings):
    """Texts to passages of pieces, and their classes."""

    reader: ClassificationReader
    classes: Annotated[
        list[str], Field(min_length=2, max_length=256), AfterValidator(_check_distinct)
    ]  # folders, in the order of their numbers
    min_words: PositiveInt  # of a passage: paragraphs are joined until there are so many
    max_pieces: PositiveInt  # of a passage, which is cut off there
    vocabulary_size: PositiveInt
    near_twin_similarity: Share  # token Jaccard from which a passage is dropped, see encode
    max_skipped: Share
    splits: Splits  # of the pages of each class


class ClassificationDataset(Settings):
    """Passages of text with classes."""

    task: Literal["classification"]
    source: AnySource
    encoding: ClassificationEncoding

    @property
    def layout(self) -> Layout:
        """The layout of its passages."""
        return PassageLayout(classes=len(self.encoding.classes))


class ClassificationTraining(Training):
    """The training of a run on passages."""

    labels_per_class: PositiveInt | None  # drawn by the seed; null: all


class ClassificationDecoding(Settings):
    """Classes of the held-out passages."""

    batch_passages: PositiveInt


class ClassificationEvaluation(EvaluationSettings):
    """Accuracy, beside baselines that learn from as many labels."""

    labels_per_class: PositiveInt | None  # as those of the training
    draws: Annotated[list[Seed], Field(min_length=1)]  # of labels: baselines are means over these
    shown_passages: PositiveInt  # whose attention the page shows, from all of the test split


class ClassificationRun(Run):
    """A run that classifies."""

    task: Literal["classification"]
    training: ClassificationTraining
    decoding: ClassificationDecoding
    evaluation: ClassificationEvaluation

    @model_validator(mode="after")
    def _check_task(self) -> "ClassificationRun":
        self._expect(Structure.ENCODER)
        self._expect_whole_sequences()
        learned, compared = self.training.labels_per_class, self.evaluation.labels_per_class
        if learned != compared:
            raise ValueError(
                f"evaluation.labels_per_class = {compared}, but training.labels_per_class = "
                f"{learned}; make them equal, or baselines learn from other labels"
            )
        return self
