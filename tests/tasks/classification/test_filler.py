"""The command `fill`: gaps as the network reads them, and what it predicts there."""

import io
import re
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from models import store
from models.shared.base import Model
from pipeline import config
from pipeline.errors import CheckpointError, ConfigError
from pipeline.reporting.results import Result
from pipeline.tasks.classification import fill_command as command
from pipeline.tasks.classification.batches import Passages
from pipeline.tasks.classification.codec import MASK, Codec
from pipeline.tasks.classification.filler import Filler
from pipeline.tasks.classification.publishing import PUBLICATION
from pipeline.tasks.classification.settings import MaskedPieces
from pipeline.training.loss import MeanNats
from tests.tasks.classification.texts import ENCODING, SUBJECTS, write_scale
from tests.test_config import DEFAULT

RUN = "pretrained_encoder"
LECTURE = DEFAULT.parent / "lecture" / "params.yaml"
MANUALS = ENCODING.model_copy(update={"vocabulary_size": 400})  # " cell" is a piece of these
DATA, MODEL = Path("data/encoded/help_programs"), Path("runs") / RUN / "model"
UPDATES = 80
MASKED = {"output": {"kind": "categorical"}, "embeddings": "tied"}


@pytest.fixture
def model(tmp_path, monkeypatch) -> Model:
    """An untrained network of masked pieces, in a scale that is the current folder."""
    monkeypatch.chdir(tmp_path)
    return write_scale(tmp_path, LECTURE, RUN, MANUALS, **MASKED)


@pytest.fixture
def codec(model) -> Codec:
    return Codec.load(DATA)


def fill(*arguments: str) -> None:
    command.run(command.parse(arguments))


def filler() -> Filler:
    return Filler(RUN, config.run_of(config.load(), RUN), None)


def test_the_pieces_around_a_gap_are_those_of_the_text(codec):
    """Where a word of one piece is missing, nothing but its id changes."""
    encode = filler().encode
    for text in ("The cell: a line.", "The footnote, a cell", "cell line", "bd tta (cell)The line"):
        ids = codec.encode(text)
        for word in re.finditer(r"(?<!\S)(The|cell|line|footnote)", text):
            at = codec.texts(ids).index(f" {word[0]}")
            gapped = f"{text[: word.start()]}____{text[word.end() :]}"
            assert encode(gapped) == [*ids[:at], MASK, *ids[at + 1 :]], gapped


def ids_of(codec: Codec, *pieces: str) -> list[int]:
    """The ids of pieces by their texts; ____ is the mask."""
    by_text = {text: index for index, text in enumerate(codec.texts(range(codec.size)))}
    return [MASK if piece == "____" else by_text[piece] for piece in pieces]


def test_gaps_within_and_beside_words(codec):
    encode = filler().encode
    assert encode("The ta___") == ids_of(codec, " The", " t", "a", "____")
    assert encode("The___ell") == ids_of(codec, " The", "____", "ell")  # not " ", "ell"
    assert encode("___ ____") == [MASK, MASK]
    assert encode("The __ cell") == codec.encode("The __ cell")  # two are no gap


@torch.no_grad()
def naive(model: Model, codec: Codec, ids: list[int], at: int, begins_word: bool) -> list[str]:
    """The candidates at one place of `ids` with their probabilities, the likeliest first."""
    state = model(torch.tensor([ids]))[0, at]
    logits = model.head.next_logits(state[None])[0].double()
    shares = (logits.exp() / logits.exp().sum()).tolist()
    found = []
    for share, text in zip(shares, codec.texts(range(codec.size)), strict=True):
        if text.startswith(" ") == begins_word and text.strip() and "<" not in text:
            found.append((-share, f"{text.strip()} {share:.3f}"))
    return [text for _, text in sorted(found)]


def test_each_gap_has_the_distribution_of_the_network(model, codec, capsys):
    fill("--top", "4", "The ____: bd____ line")
    filled, *gaps = capsys.readouterr().out.splitlines()
    ids = ids_of(codec, " The", "____", ":", " b", "d", "____", " line")
    expected = naive(model, codec, ids, 1, True), naive(model, codec, ids, 5, False)
    assert [gap.split("  ") for gap in gaps] == [each[:4] for each in expected]
    likeliest = [each[0].split()[0] for each in expected]
    assert filled == "The {}: bd{} line".format(*likeliest)


def test_lines_of_standard_input_are_sentences(model, capsys, monkeypatch):
    fill("The ____ here.", "", "Another ___")
    as_arguments = capsys.readouterr().out
    assert re.fullmatch(r"The \S+ here\.\n\nAnother \S+\n", as_arguments)
    lines = io.BytesIO(b"The ____ here.\r\n\nAnother ___")
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=lines))
    fill("--run", RUN)
    assert capsys.readouterr().out == as_arguments


def test_what_is_too_long_or_has_no_gap_is_said(model, capsys):
    fill("The ____ " + "cell " * 50 + "____", "The cell")
    said = capsys.readouterr()
    long, same = said.out.splitlines()
    assert re.fullmatch(r"The [^_ ]+ (cell ){50}____", long) and same == "The cell"
    assert "warning: passage 1 is read up to 40 pieces\n" in said.err
    assert said.err.endswith("warning: without a gap (____): The cell\n")


def test_a_network_that_learned_the_text_fills_in_its_words(model, capsys):
    """In the made-up manuals the word before a colon is that of a subject, after "The"."""
    passages = Passages.read(DATA, "train")
    masking = MaskedPieces(kind="masked_pieces", share=0.15, as_mask=1.0, as_other=0.0)
    optimizer = torch.optim.Adam(model.parameters(), 0.02)
    rng = np.random.default_rng(1)
    for _ in range(UPDATES):
        batch = passages.masked(np.arange(len(passages)), masking, model.shape.inputs, rng)
        optimizer.zero_grad()
        MeanNats(model, 0.0)(batch.inputs, batch.targets, None).backward()
        optimizer.step()
    store.save(model, MODEL)
    fill("--top", "3", "The ____: ta bd", "____ line: ta")
    first, guesses, second, _ = capsys.readouterr().out.splitlines()
    assert first in {f"The {subject}: ta bd" for subject in SUBJECTS.values()}
    shares = {guess.split()[0]: float(guess.split()[1]) for guess in guesses.split("  ")}
    assert {*shares} == {*SUBJECTS.values()} and sum(shares.values()) > 0.5
    assert second == "The line: ta"


REFUSED = {
    ("--run", "music_relative"): "runs.music_relative.task = music does not fill gaps",
    ("--run", "classification_attention"): "objective.kind = class does not fill gaps; name a run",
    ("--run", "pretrained_decoder"): "objective.kind = next_piece does not fill gaps; name a run",
    ("--run", "missing"): "runs.missing",
}


@pytest.mark.parametrize(("arguments", "error"), REFUSED.items(), ids=map(" ".join, REFUSED))
def test_a_run_that_predicts_no_masked_pieces_is_refused(model, arguments, error):
    with pytest.raises(ConfigError, match=error):
        fill(*arguments, "The ____")


def test_without_a_name_there_is_one_run_that_fills_gaps(model, tmp_path):
    params = tmp_path / "params.yaml"
    shutil.copy(DEFAULT, params)
    with pytest.raises(ConfigError, match="no run has training.objective.kind = masked_pieces; r"):
        fill("The ____")
    text = LECTURE.read_text(encoding="utf-8")
    params.write_text(text.replace("\ndemonstrations:", "  other: *pretrained\n\ndemonstrations:"))
    with pytest.raises(ConfigError, match="pretrained_encoder, other predict masked pieces; name"):
        fill("The ____")
    shutil.copy(LECTURE, params)
    shutil.rmtree(MODEL)
    with pytest.raises(CheckpointError, match="runs/pretrained_encoder/model: not a saved model"):
        fill("The ____")


def test_the_card_of_a_network_names_the_command_that_uses_it():
    params = config.load(LECTURE)
    for name, command_line in {
        RUN: f'fill --run {RUN} "Click the ____ to open the document."',
        "classification_bert": "classify --run classification_bert < passages.txt",
        "pretrained_lstm": "# in params.yaml: start_from: {run: pretrained_lstm, frozen: false}",
    }.items():
        run = params.runs[name]
        result = Result(name, run, params.datasets[run.dataset], {}, None)
        assert PUBLICATION.command(result) == command_line
