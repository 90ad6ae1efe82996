"""The settings of translation: data, decoding, evaluation."""

import re
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, PositiveInt, model_validator

from models.settings import Full, SequenceLayout, Settings, Structure, TransformerSettings
from pipeline.settings.base import (
    Name,
    NonNegativeFloat,
    NonNegativeInt,
    Sampling,
    Seed,
    Share,
    Splits,
)
from pipeline.settings.evaluation import EvaluationSettings
from pipeline.settings.run import Run
from pipeline.settings.sources import AnySource


class TranslationReader(StrEnum):
    """The layout of raw parallel text."""

    HOME_ASSISTANT = "home_assistant"  # a wheel with */translations/<language>.json per integration
    LIBREOFFICE_HELP = "libreoffice_help"  # two Debian packages of HTML with ids of paragraphs
    PARALLEL_COLUMNS = "parallel_columns"  # <split>.parquet with a column per language
    TEXT_FILES = "text_files"  # two plain texts, a line for a line, or a table of two columns
    TRANSLATION_COLUMN = "translation_column"  # ... with a column `translation` of all languages


_UNSPLIT = (
    TranslationReader.HOME_ASSISTANT,
    TranslationReader.LIBREOFFICE_HELP,
    TranslationReader.TEXT_FILES,
)


class LetterCase(StrEnum):
    """The case of the text that a network reads and writes; references keep their case."""

    KEPT = "kept"
    LOWER = "lower"


def _check_language(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z]{2,8}([-_][A-Za-z0-9]{1,8})*", text):
        raise ValueError("a language should be a code such as de, pt-BR, zh-Hans or eng_Latn")
    return text


Language = Annotated[str, AfterValidator(_check_language)]  # the name that the data give it


def primary_subtag(language: str) -> str:
    """Return the code of the language alone, without region and script: pt of pt-BR."""
    return re.split("[-_]", language.lower())[0]


class TranslationEncoding(Settings):
    """Parallel text to ids by joint byte-pair encoding."""

    reader: TranslationReader
    source_language: Language
    target_language: Language
    letter_case: LetterCase
    vocabulary_size: PositiveInt
    vocabulary_sentences: PositiveInt  # of both languages, to learn the vocabulary from
    vocabulary_seed: Seed  # of sampling them, if there are more
    # Words are what stands between spaces, and each letter of scripts without spaces.
    max_words: PositiveInt  # longer sentences are dropped from every split
    max_length_ratio: Annotated[float, Field(ge=1.0)] | None  # of words, in training; null: any
    min_test_words: PositiveInt  # shorter sentences are used for training only
    max_test_words: PositiveInt  # longer sentences are used for training only
    near_twin_similarity: Share  # token Jaccard from which a training pair is dropped
    max_skipped: Share  # a larger share of unreadable records fails the stage
    workers: PositiveInt  # processes; the output does not depend on it
    splits: Splits | None  # null: the raw data come split

    @model_validator(mode="after")
    def _check_combinations(self) -> "TranslationEncoding":
        if self.source_language == self.target_language:
            raise ValueError(
                f"source_language and target_language are both {self.source_language}; "
                "choose two languages"
            )
        if self.min_test_words > self.max_test_words:
            raise ValueError(
                f"min_test_words = {self.min_test_words} is larger than max_test_words = "
                f"{self.max_test_words}; no sentence would be held out"
            )
        if self.splits is None and self.reader in _UNSPLIT:
            raise ValueError(
                f"splits = null, but reader = {self.reader} comes unsplit; give shares"
            )
        return self


class TranslationDataset(Settings):
    """Parallel text."""

    task: Literal["translation"]
    source: AnySource
    encoding: TranslationEncoding

    @property
    def layout(self) -> SequenceLayout:
        """The layout of its sequences."""
        return SequenceLayout()


class Beam(Settings):
    """Beam search with the length penalty of GNMT (Wu et al. 2016, eq. 14)."""

    kind: Literal["beam"]
    beam_size: PositiveInt
    length_penalty: NonNegativeFloat  # alpha
    n_best: PositiveInt  # hypotheses returned per sentence

    @model_validator(mode="after")
    def _check_width(self) -> "Beam":
        if self.n_best > self.beam_size:
            raise ValueError(
                f"n_best = {self.n_best} is more than beam_size = {self.beam_size}; "
                "choose a wider beam"
            )
        return self


class BleuTokenizer(StrEnum):
    """A tokenisation of sacreBLEU that needs no further package."""

    MTEVAL_13A = "13a"  # mteval-v13a.pl: languages with spaces
    INTERNATIONAL = "intl"  # mteval-v14.pl: cuts at all punctuation and symbols of Unicode
    CHINESE = "zh"  # Chinese characters one by one, the rest as 13a
    CHARACTERS = "char"  # characters one by one: Japanese, Thai and others without spaces
    FLORES_200 = "flores200"  # pieces of 200 languages, a model that is downloaded once


class Chosen(Settings):
    """The search of the grid that has the highest BLEU on the validation split."""

    kind: Literal["chosen"]
    bleu_tokenizer: BleuTokenizer  # as that of the evaluation


class OtherSearch(Settings):
    """A beam search; null: as the method of the run."""

    beam_size: PositiveInt | None
    length_penalty: NonNegativeFloat | None


class Greedy(Settings):
    """The likeliest token at every position: a beam of one without length penalty."""

    kind: Literal["greedy"]


class InBlocks(Settings):
    """What greedy search finds, several tokens a pass; model.output.kind is blockwise."""

    kind: Literal["blockwise"]


class TranslationSampling(Sampling):
    """Ancestral sampling, token by token."""

    kind: Literal["sampling"]


class SearchGrid(Settings):
    """Beam searches of the validation split, one per beam size and length penalty."""

    beam_sizes: Annotated[tuple[PositiveInt, ...], Field(min_length=1)]
    length_penalties: Annotated[tuple[NonNegativeFloat, ...], Field(min_length=1)]


class TranslationDecoding(Settings):
    """How a translation is found."""

    method: Annotated[
        Beam | Chosen | Greedy | InBlocks | TranslationSampling, Field(discriminator="kind")
    ]
    extra_length: NonNegativeInt  # a translation has at most source + extra_length tokens
    batch_tokens: PositiveInt  # source tokens times beam size, padding included
    search_grid: SearchGrid | None  # null: none
    other_searches: dict[Name, OtherSearch]  # that translate "test" too: variants of the run

    @model_validator(mode="after")
    def _check_grid(self) -> "TranslationDecoding":
        if isinstance(self.method, Chosen) and self.search_grid is None:
            raise ValueError(
                "method.kind = chosen, but search_grid = null has nothing to choose from; give "
                "beam sizes and length penalties"
            )
        return self


class Convention(StrEnum):
    """How papers tokenise text before they compute BLEU."""

    MOSES = "moses"  # tokenizer.perl, cased
    MOSES_COMPOUND_SPLIT = "moses_compound_split"  # hyphens as tokens: WMT, Vaswani et al. 2017
    MULTI30K = "multi30k"  # punctuation normalised, tokenizer.perl, lower-cased
    CHARACTERS = "characters"  # one by one, for languages without spaces


class TranslationEvaluation(EvaluationSettings):
    """BLEU, chrF, nats per token, and attention maps."""

    bleu_tokenizer: BleuTokenizer
    tokenised_bleu: Convention  # in addition to sacreBLEU's tokenisation
    batch_tokens: PositiveInt
    attention_sentences: NonNegativeInt  # test sentences whose attention is recorded


class TranslationRun(Run):
    """A run that translates."""

    task: Literal["translation"]
    decoding: TranslationDecoding
    evaluation: TranslationEvaluation

    @property
    def _method(self) -> tuple[str, str | None]:
        return "decoding.method.kind", self.decoding.method.kind

    @model_validator(mode="after")
    def _check_task(self) -> "TranslationRun":
        self._expect(Structure.ENCODER_DECODER)
        method, tokenizer = self.decoding.method, self.evaluation.bleu_tokenizer
        if isinstance(method, Chosen) and method.bleu_tokenizer is not tokenizer:
            raise ValueError(
                f"decoding.method.bleu_tokenizer = {method.bleu_tokenizer}, but "
                f"evaluation.bleu_tokenizer = {tokenizer}; make them equal"
            )
        self._expect_whole_sequences()
        if isinstance(self.model, TransformerSettings) and not isinstance(
            self.model.attention, Full
        ):
            raise ValueError(
                f"model.attention.kind = {self.model.attention.kind} is defined for images and "
                f"music, but task = {self.task}; use kind = full"
            )
        return self
