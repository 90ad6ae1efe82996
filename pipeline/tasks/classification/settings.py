"""The settings of classification: data, training, decoding, evaluation."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from models.settings import (
    Categorical,
    Layout,
    ModelSettings,
    PassageLayout,
    RecurrentSettings,
    Settings,
    Structure,
)
from pipeline.settings.base import Seed, Share, Splits
from pipeline.settings.evaluation import EvaluationSettings
from pipeline.settings.run import Run
from pipeline.settings.sources import AnySource
from pipeline.settings.training import Training


class Target(StrEnum):
    """What a network predicts: kinds of `training.objective`."""

    CLASS = "class"
    NEXT_PIECE = "next_piece"  # each from those before it
    MASKED_PIECES = "masked_pieces"  # those that are hidden, from all others


def target_of(model: ModelSettings) -> Target:
    """Return what a network with these settings predicts."""
    pieces = isinstance(model, RecurrentSettings) or isinstance(model.output, Categorical)
    if not pieces:
        return Target.CLASS
    return Target.MASKED_PIECES if model.structure is Structure.ENCODER else Target.NEXT_PIECE


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


class OfClasses(Settings):
    """The class of a passage."""

    kind: Literal["class"]
    labels_per_class: PositiveInt | None  # passages whose class is known; null: all


class NextPiece(Settings):
    """Each piece, from those before it (Radford et al. 2018, section 3.1)."""

    kind: Literal["next_piece"]


class MaskedPieces(Settings):
    """Pieces that are hidden, from all others (Devlin et al. 2018, section 3.1)."""

    kind: Literal["masked_pieces"]
    share: Annotated[float, Field(gt=0.0, le=1.0)]  # of the pieces of a passage are predicted;
    as_mask: Share  # of these are replaced by the mask,
    as_other: Share  # are replaced by a random piece, and the rest stays

    @model_validator(mode="after")
    def _check_shares(self) -> "MaskedPieces":
        if self.as_mask + self.as_other > 1.0:
            raise ValueError(
                f"as_mask + as_other = {self.as_mask + self.as_other:g} is more than 1; lower one"
            )
        return self


Objective = Annotated[OfClasses | NextPiece | MaskedPieces, Field(discriminator="kind")]


class ClassificationTraining(Training):
    """The training of a run on passages: of a classifier, or of what it starts from."""

    objective: Objective


class ClassificationDecoding(Settings):
    """Classes of the held-out passages."""

    batch_passages: PositiveInt


class Baselines(Settings):
    """Baselines learn from labelled passages."""

    labels_per_class: PositiveInt | None  # as those of the training
    draws: Annotated[list[Seed], Field(min_length=1)]  # of labels: baselines are means over these


class ClassificationEvaluation(EvaluationSettings):
    """Accuracy, beside baselines that learn from as many labels; or the likelihood of pieces."""

    baselines: Baselines | None  # null: no classes are predicted
    shown_passages: PositiveInt  # that the page shows, from all of the test split


class ClassificationRun(Run):
    """A run that classifies."""

    task: Literal["classification"]
    training: ClassificationTraining
    decoding: ClassificationDecoding
    evaluation: ClassificationEvaluation

    @model_validator(mode="after")
    def _check_task(self) -> "ClassificationRun":
        self._expect_whole_sequences()
        objective, baselines = self.training.objective, self.evaluation.baselines
        if objective.kind != (target := target_of(self.model)):
            raise ValueError(
                f"training.objective.kind = {objective.kind}, but the model predicts {target}: "
                "model.output.kind = class is for class, categorical for the next piece "
                "(structure = decoder) or masked pieces (encoder)"
            )
        if not isinstance(objective, OfClasses):
            if baselines is not None:
                raise ValueError(
                    f"evaluation.baselines are of classes, but training.objective.kind = "
                    f"{objective.kind}; use null"
                )
            return self
        if baselines is None or objective.labels_per_class != baselines.labels_per_class:
            learned = None if baselines is None else baselines.labels_per_class
            raise ValueError(
                f"evaluation.baselines.labels_per_class = {learned}, but "
                f"training.objective.labels_per_class = {objective.labels_per_class}; make them "
                "equal, or baselines learn from other labels"
            )
        return self
