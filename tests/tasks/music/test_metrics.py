from math import log

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from models.build import build
from models.settings import Norm, Structure
from models.shared.base import AutoregressiveModel, State
from models.shared.heads import IGNORED
from pipeline.corpus import write_sequences
from pipeline.files import write_json
from pipeline.tasks.music.codec import SAMPLED_IDS
from pipeline.tasks.music.codec.grid import IDS, OUTPUTS, SHAPE, START, to_ids
from pipeline.tasks.music.measures import MEASURES
from pipeline.tasks.music.metrics.evaluate import evaluate
from pipeline.tasks.music.metrics.likelihood import score, windows
from pipeline.tasks.music.settings import MusicEvaluation
from tests.models import networks
from tests.models.baselines import LSTM
from tests.models.comparison import all_logits
from tests.models.known_logits import KnownLogits
from tests.tasks.evaluations import assert_scores_follow_from_records, write_clusters
from tests.tasks.music.samples import write_no_further

RANDOM = np.random.default_rng(5)


def random_piece(sixteenths: int) -> np.ndarray:
    return to_ids(RANDOM.integers(40, 80, (sixteenths, 4)))


class Repeat(AutoregressiveModel):
    """Gives the id four inputs back, the voice's last, probability 1/2, all others the rest."""

    def __init__(self) -> None:
        super().__init__()
        self.settings, self.shape, self.head = LSTM, SHAPE, KnownLogits()
        self.nothing = nn.Parameter(torch.zeros(1))

    def init_state(self, source: Tensor | None, copies: int, max_length: int) -> State:
        raise NotImplementedError

    def step(self, ids: Tensor, state: State) -> Tensor:
        raise NotImplementedError

    def forward(self, inputs: Tensor, source: Tensor | None = None) -> Tensor:
        logits = torch.full((*inputs.shape, OUTPUTS), log(0.5 / (OUTPUTS - 1)))
        previous = inputs[:, :-3].clamp(max=OUTPUTS - 1)[..., None]
        logits[:, 3:].scatter_(-1, previous, log(0.5))
        return logits


@pytest.mark.parametrize(
    ("tokens", "window", "stride"),
    [
        (1, 8, 4),
        (7, 8, 4),
        (8, 8, 4),
        (9, 8, 4),
        (12, 8, 4),
        (100, 16, 16),
        (101, 16, 5),
        (9, 8, 1),
    ],
)
def test_every_token_is_scored_once_with_enough_before_it(tokens, window, stride):
    ids = np.arange(tokens + 1, dtype=IDS)
    times = np.zeros(tokens, int)
    for cut in windows(0, ids, window, stride):
        assert len(cut.inputs) == len(cut.targets) <= window
        counted = np.flatnonzero(cut.targets != IGNORED)
        assert np.array_equal(cut.targets[counted], ids[1 + cut.start + counted])
        assert cut.inputs[0] == ids[cut.start]  # the token before the first target
        assert cut.start == 0 or counted[0] >= window - stride
        times[cut.start + counted] += 1
    assert (times == 1).all()


def test_windows_of_a_piece_written_out():
    cuts = list(windows(0, np.arange(1, 11), window=4, stride=3))
    assert [(cut.inputs.tolist(), cut.targets.tolist()) for cut in cuts] == [
        ([1, 2, 3, 4], [2, 3, 4, 5]),
        ([4, 5, 6, 7], [IGNORED, 6, 7, 8]),
        ([7, 8, 9], [IGNORED, 9, 10]),
    ]


def tiny_model() -> AutoregressiveModel:
    torch.manual_seed(1)
    sizes = {"num_layers": 1, "d_model": 16, "num_heads": 2, "d_ff": 16}
    return build(networks.settings(Structure.DECODER, norm=Norm.PRE, **sizes), SHAPE).eval()


def test_windows_longer_than_the_pieces_score_them_whole_whatever_the_batch():
    model, pieces = tiny_model(), [random_piece(n) for n in (2, 9, 5)]
    for piece, scored in zip(pieces, score(model, pieces, 64, 8), strict=True):
        ids = torch.from_numpy(piece.astype(np.int64))[None]
        with torch.no_grad():
            logits = all_logits(model, ids[:, :-1])
            whole = model.nats(ids[:, :-1], ids[:, 1:])[0].numpy()
        assert scored.nats == pytest.approx(whole, abs=1e-5)
        assert np.array_equal(scored.likeliest, logits[0].argmax(-1).numpy())


def test_a_late_token_is_scored_from_the_window_that_scores_it():
    model, piece = tiny_model(), random_piece(6)
    scored = score(model, [piece], 8, 4)[0]
    ids = torch.from_numpy(piece.astype(np.int64))[None]
    for start in (4, 8, 12, 16):  # tokens start + 4 .. start + 7 are new
        with torch.no_grad():
            nats = model.nats(ids[:, start : start + 8], ids[:, start + 1 : start + 9])
        assert scored.nats[start + 4 : start + 8] == pytest.approx(nats[0, 4:].numpy(), abs=1e-5)


def encoded_in(folder, test: list[np.ndarray], train: list[np.ndarray]):
    for split, grids in (("test", test), ("train", train), ("validation", train)):
        write_sequences(folder, split, "tokens", (to_ids(np.array(grid)) for grid in grids), IDS)
    write_clusters(folder, test=len(test), validation=len(train))
    write_json(folder / "test.pieces.json", [f"bwv{number}" for number in range(len(test))])
    np.save(folder / SAMPLED_IDS, np.array([to_ids(np.array(HELD))] * 2))
    write_no_further(folder)
    described = [
        {"file": "0.mid", "seconds": 3.0, "piece": None, "primer_tokens": 0},
        {"file": "1.mid", "seconds": 3.0, "piece": "bwv0", "primer_tokens": 8},
    ]
    write_json(folder / "samples.json", described)
    return folder


def settings(**changes) -> MusicEvaluation:
    values = {
        "bootstrap_samples": 200,
        "bootstrap_seed": 1,
        "window": 16,
        "stride": 8,
        "long_window": 32,
        "motif": 2,
    }
    return MusicEvaluation(**{**values, **changes})


HELD = [[72, 67, 60, 48]] * 6
MOVING = [[72, 67, 60, 48], [74, 67, 60, 48]]


def test_every_metric_by_hand(tmp_path):
    encoded = encoded_in(tmp_path, [HELD, MOVING], [HELD])
    evaluated = evaluate(Repeat(), encoded, tmp_path, settings())
    assert_scores_follow_from_records(evaluated, MEASURES)
    result = evaluated.metrics["test"]
    half, rest = log(2), log(2 * (OUTPUTS - 1))
    # The first 3 tokens see less than a chord and get uniform logits; the 4th sees START, which
    # Repeat reads as id 128: the first chord is missed, 20 tokens of HELD and 3 of MOVING hit.
    nats = 23 * half + (1 + 1 + 1) * rest + 6 * log(OUTPUTS)
    assert result["tokens"] == 32
    assert result["pieces"] == 2
    assert result["nats_per_token"] == pytest.approx(nats / 32, abs=1e-6)
    assert result["accuracy"] == pytest.approx(23 / 32, abs=1e-6)
    assert result["onset_accuracy"] == 0.0  # to repeat is never right where a voice moves


def test_padding_is_in_no_number(tmp_path):
    """Beside a long piece a short one is padded with id 0, which Repeat predicts well."""
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    alone.mkdir()
    beside.mkdir()
    apart = [
        evaluate(Repeat(), encoded_in(alone, [grid], [HELD]), alone, settings(window=64))
        for grid in (MOVING, HELD * 2)
    ]
    encoded_in(beside, [MOVING, HELD * 2], [HELD])
    together = evaluate(Repeat(), beside, beside, settings(window=64)).metrics["test"]
    assert together["tokens"] == 8 + 48
    apart = [found.metrics["test"] for found in apart]
    for metric in ("nats_per_token", "accuracy"):
        weighted = sum(piece[metric] * piece["tokens"] for piece in apart) / (8 + 48)
        assert together[metric] == pytest.approx(weighted, abs=1e-6)


def test_the_same_numbers_on_every_run_and_the_baselines_beside_them(tmp_path):
    encoded = encoded_in(tmp_path, [HELD, MOVING], [HELD])
    first, again = (evaluate(tiny_model(), encoded, tmp_path, settings()) for _ in range(2))
    assert (first.metrics, first.details, first.figures) == (
        again.metrics, again.details, again.figures
    )  # fmt: skip
    for name, values in first.records["test"].statistics.items():
        assert np.array_equal(values, again.records["test"].statistics[name])
    assert set(first.metrics["baseline"]) == {
        "unigram_nats",
        "bigram_nats",
        "hold_accuracy",
        "onset_accuracy",
    }
    assert first.metrics["baseline"]["hold_accuracy"] == pytest.approx(23 / 32)


def test_start_is_never_a_target():
    assert all((cut.targets != START).all() for cut in windows(0, random_piece(9), 16, 8))
