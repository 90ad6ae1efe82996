import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from models.build import build
from models.settings import Structure
from models.shared.base import AutoregressiveModel, State
from pipeline.files import write_json
from pipeline.tasks.music.codec import SAMPLED_IDS, events, grid
from pipeline.tasks.music.codec.grid import SILENCE
from pipeline.tasks.music.metrics import motif_attention
from pipeline.tasks.music.metrics.by_position import halves, nats_by_position, score_windows
from pipeline.tasks.music.metrics.distributions import distances, distributions
from pipeline.tasks.music.metrics.motif_attention import (
    Recurrence,
    Shares,
    attention_to_motifs,
    earlier_occurrences,
    recurrences,
)
from pipeline.tasks.music.metrics.motifs import motif_returns, motifs
from pipeline.tasks.music.metrics.notes import melodies_of, notes_of
from pipeline.tasks.music.metrics.samples import generated_parts, measure_samples
from tests.models import networks
from tests.models.baselines import LSTM
from tests.models.known_logits import KnownLogits
from tests.tasks.music.samples import write_no_further

CHORALE = np.array(
    [
        [72, 67, 60, 48],
        [72, 67, SILENCE, 48],
        [74, 67, 60, 43],
    ]
)


def soprano(pitches) -> np.ndarray:
    """A chorale of a voice, a 16th for each pitch."""
    column = np.array(pitches)[:, None]
    return grid.to_ids(np.concatenate([column, np.full((len(column), 3), SILENCE)], axis=1))


def piano(rows) -> np.ndarray:
    return events.to_ids(events.Notes.of([(*row, 64) for row in rows]))


def test_notes_and_melodies_of_a_chorale():
    ids = grid.to_ids(CHORALE)
    notes = notes_of(ids, grid.SHAPE)
    assert sorted(zip(notes.pitch.tolist(), notes.duration.tolist(), strict=True)) == [
        (43, 1), (48, 2), (60, 1), (60, 1), (67, 3), (72, 2), (74, 1)
    ]  # fmt: skip
    lines = [
        [(note.pitch, list(note.tokens)) for note in line] for line in melodies_of(ids, grid.SHAPE)
    ]
    assert lines == [
        [(72, [1, 5]), (74, [9])],
        [(67, [2, 6, 10])],
        [(60, [3]), (60, [11])],
        [(48, [4, 8]), (43, [12])],
    ]
    assert all(ids[token] == pitch for line in lines for pitch, tokens in line for token in tokens)


@pytest.mark.parametrize("shape", [grid.SHAPE, events.SHAPE])
def test_what_follows_an_opening_that_is_all_of_a_piece_has_no_notes(shape):
    nothing = np.array([shape.inputs - 1])
    assert not any(melodies_of(nothing, shape))
    assert len(notes_of(nothing, shape).pitch) == 0


def test_notes_and_melody_of_a_performance():
    ids = piano([(0, 50, 60), (0, 20, 64), (50, 80, 59), (60, 80, 67), (60, 90, 55)])
    notes = notes_of(ids, events.SHAPE)
    assert sorted(zip(notes.pitch.tolist(), notes.duration.tolist(), strict=True)) == [
        (55, 30), (59, 30), (60, 50), (64, 20), (67, 20)
    ]  # fmt: skip
    (line,) = melodies_of(ids, events.SHAPE)
    assert [note.pitch for note in line] == [64, 59, 67]
    assert [ids[token] for note in line for token in note.tokens] == [64, 59, 67]


@given(st.lists(st.integers(30, 90), max_size=12), st.integers(1, 4), st.integers(-12, 12))
def test_motifs_are_the_same_in_every_key(pitches, length, semitones):
    pitch = np.array(pitches, int)
    found = motifs(pitch, length)
    assert found == motifs(pitch + semitones, length)
    assert len(found) == max(len(pitches) - length, 0)


def test_a_repeated_theme_returns_and_its_shuffled_notes_do_not():
    theme = np.array([60, 64, 67, 65, 62, 71, 59, 69])
    opening = soprano(theme)
    foreign = [soprano(theme[::-1]), soprano(theme[:5])]
    again = motif_returns([opening], [soprano(theme + 5)], [foreign], grid.SHAPE, 3).shares()
    assert again["motif_return"] == 1.0
    assert again["motifs"] == 5
    assert again["shuffled_motif_return"] < 0.2
    assert again["other_motif_return"] == (0 + 2 / 5) / 2  # the second has two of the five motifs
    other = motif_returns([opening], [soprano(theme[::-1])], [foreign[:1]], grid.SHAPE, 3).shares()
    assert other["motif_return"] == 0.0
    assert other["other_motif_return"] == 1.0
    alone = motif_returns([opening], [opening], [[]], grid.SHAPE, 3).shares()
    assert alone["other_motif_return"] == 0.0
    assert motif_returns([], [], [], grid.SHAPE, 3).shares()["motif_return"] == 0.0
    both = motif_returns(
        [opening] * 2, [soprano(theme + 5), soprano(theme[::-1])], [foreign, []], grid.SHAPE, 3
    )
    assert (both.motifs.tolist(), both.returned.tolist()) == ([5, 5], [5, 0])


def test_the_openings_of_other_pieces_are_as_long_as_that_of_the_continued_one(tmp_path):
    theme, rest = [60, 64, 67, 65], [50, 49, 48, 47]
    drawn = soprano([*rest, *theme])
    np.save(tmp_path / SAMPLED_IDS, drawn[None])
    write_no_further(tmp_path)
    write_json(tmp_path / "samples.json", [{"piece": "a", "primer_tokens": 16}])
    test = {"a": drawn, "b": soprano([*theme, *rest]), "c": soprano([*rest, *theme])}
    measured = measure_samples(tmp_path, test, grid.SHAPE, 3)
    found = measured.metrics["motifs"]
    # the theme is the opening of "b" alone; in "c" it comes after it
    assert found["motif_return"] == 0.0 and found["other_motif_return"] == 0.5
    assert found["real_motif_return"] == 0.0 and found["real_other_motif_return"] == 0.5
    assert {name: values.tolist() for name, values in measured.statistics.items()} == {
        "motifs": [1, 0, 0],
        "motifs_returned": [0, 0, 0],
        "motifs_returned_shuffled": [pytest.approx(0.0, abs=0.2), 0, 0],
        "motifs_returned_other": [0.5, 0, 0],
    }


def test_distances_by_hand():
    one, other = piano([(0, 1, 60), (5, 6, 72)]), piano([(0, 1, 48), (5, 21, 61)])
    found = distances([one], [other], events.SHAPE)
    assert found == {"pitch_class_distance": 0.5, "duration_distance": 0.5}
    assert set(distances([one], [one], events.SHAPE).values()) == {0.0}
    assert set(distances([one], [piano([])], events.SHAPE).values()) == {1.0}
    long, longer = soprano([60] * 16), soprano([60] * 40)
    assert distances([long], [longer], grid.SHAPE)["duration_distance"] == 0.0


def test_distributions_by_hand():
    one, other = piano([(0, 1, 60), (5, 7, 72)]), piano([(0, 4, 61)])
    found = distributions([one], [other], events.SHAPE)
    assert found["pitch_class"]["drawn"] == [1.0] + 11 * [0.0]
    assert found["pitch_class"]["test"] == [0.0, 1.0] + 10 * [0.0]
    lengths = found["duration"]
    drawn, test = (dict(zip(lengths["at"], lengths[of], strict=True)) for of in ("drawn", "test"))
    assert {at: share for at, share in drawn.items() if share} == {0.0: 0.5, 1.0: 0.5}  # 10, 20 ms
    assert {at: share for at, share in test.items() if share} == {2.0: 1.0}  # 40 ms
    chorale = distributions([soprano([60] * 4)], [soprano([62, 62])], grid.SHAPE)
    assert chorale["duration"]["drawn"][4] == 1.0 and chorale["duration"]["test"][2] == 1.0


def test_what_was_given_is_not_counted_as_drawn(tmp_path):
    given, silent = soprano([60, 62, 64, 65]), np.full(16, grid.SILENCE)
    np.save(tmp_path / SAMPLED_IDS, np.stack([np.append(given, silent), np.append(given, silent)]))
    write_no_further(tmp_path)
    described = [
        {"piece": "a", "primer_tokens": len(given) - 1},
        {"piece": None, "primer_tokens": 0},  # drawn from nothing: the same notes are its own
    ]
    write_json(tmp_path / "samples.json", described)
    alone = generated_parts(tmp_path)
    assert [len(notes_of(ids, grid.SHAPE)[0]) for ids in alone] == [0, 4]
    assert alone[0][0] == grid.START
    test = {"a": np.append(given, silent)}
    found = measure_samples(tmp_path, test, grid.SHAPE, 1).metrics["distances"]
    assert found == {"pitch_class_distance": 0.0, "duration_distance": 0.0}
    write_json(tmp_path / "samples.json", [described[0], described[0] | {"piece": "a"}])
    nothing = measure_samples(tmp_path, test, grid.SHAPE, 1).metrics["distances"]
    assert nothing == {"pitch_class_distance": 1.0, "duration_distance": 1.0}


def test_earlier_occurrences_are_their_notes_and_the_one_after_each():
    #         note   0   1   2   3   4   5   6   7   8
    pitch = [60, 62, 64, 50, 55, 57, 59, 70, 60]
    assert list(earlier_occurrences(pitch, 2)) == [(6, [0, 1, 2, 3])]


def test_occurrences_that_overlap_are_not_earlier_ones():
    assert list(earlier_occurrences(range(60, 66), 2)) == [(3 + 2, [0, 1, 2, 3])]


def test_a_motif_is_continued_where_its_voice_goes_on_and_its_notes_are_all_their_16ths():
    pitches = [60, 60, 64, 50, 70, 70, 74, 74, 30]
    theme = soprano(pitches)
    # 60 for two 16ths, 64, then 50: (60, 64) again as (70, 74), whose last 16th is the eighth
    assert list(recurrences(theme, grid.SHAPE, 1)) == [
        Recurrence(query=1 + 7 * 4 + 3, keys=[1, 5, 9, 13], visible=8)
    ]
    assert list(recurrences(theme[: 1 + 8 * 4], grid.SHAPE, 1)) == [
        Recurrence(query=8 * 4, keys=[1, 5, 9, 13], visible=8)
    ]
    alto = theme.copy()
    alto[2::4] = alto[1::4]
    alto[1::4] = SILENCE
    assert [each.query for each in recurrences(alto, grid.SHAPE, 1)] == [2 + 7 * 4 + 3]
    assert list(recurrences(alto[: 1 + 8 * 4], grid.SHAPE, 1)) == []  # its last alto is the end


def test_a_motif_of_a_performance_is_continued_from_its_last_key():
    rows = [(0, 50, 60), (50, 100, 64), (100, 150, 50), (150, 200, 70), (200, 250, 74)]
    ids = piano(rows)
    begins = np.flatnonzero(ids < events.NOTE_OFF).tolist()
    assert list(recurrences(ids, events.SHAPE, 1)) == [
        Recurrence(query=begins[4], keys=begins[:3], visible=5)
    ]


def test_attention_that_is_alike_everywhere_falls_on_motifs_below_the_chance_of_notes():
    theme = [60, 64, 67, 65]
    model = build(networks.settings(Structure.DECODER, networks.NONE), grid.SHAPE).eval()
    for layer in model.layers:
        nn.init.zeros_(layer.attention.in_proj.weight)
    piece = soprano(theme + [55] + [pitch + 3 for pitch in theme])
    found = attention_to_motifs(model, [piece], [piece], 64, 3).metrics
    # five notes, of all positions up to the bass of the ninth 16th; chance knows the nine notes
    share, chance = 5 / (1 + 9 * 4), 5 / 9
    assert found["on_motifs"] == pytest.approx(
        {
            "queries": 1,
            "chance": chance,
            "mean_of_heads": share,
            "chosen_head": share,
            "control": 0.0,
        }
    )
    assert list(found["heads"]) == [f"layer_{i}_head_{j}" for i in range(2) for j in range(2)]
    plain = soprano([60, 61])
    for arguments in ((model, [piece], [plain]), (model, [plain], [piece])):
        assert attention_to_motifs(*arguments, 64, 3) == ({}, {})
    assert attention_to_motifs(Counting(), [piece], [piece], 64, 3) == ({}, {})


def test_the_head_is_chosen_on_other_pieces_than_it_is_measured_on(monkeypatch):
    of_heads = {
        "validation": np.array([[[0.1, 0.9], [0.2, 0.3]]]),
        "test": np.array([[[0.8, 0.2], [0.1, 0.1]], [[0.8, 0.4], [0.1, 0.1]]]),
    }
    monkeypatch.setattr(
        motif_attention,
        "_shares",
        lambda model, pieces, *_: Shares(
            of_heads[pieces],
            np.array([0.05, 0.15]),
            of_heads[pieces] / 2,
            np.arange(len(of_heads[pieces])),
        ),
    )
    model = build(networks.settings(Structure.DECODER, networks.NONE), grid.SHAPE)
    found = attention_to_motifs(model, "validation", "test", 64, 3)
    assert found.metrics["on_motifs"] == pytest.approx(
        {"queries": 2, "chance": 0.1, "mean_of_heads": 0.325, "chosen_head": 0.3, "control": 0.15}
    )
    assert found.statistics["attention_on_motifs"].tolist() == [0.2, 0.4, 0.0, 0.0]
    assert found.statistics["attention_on_no_motifs"].tolist() == [0.1, 0.2, 0.0, 0.0]
    assert found.statistics["recurrences"].tolist() == [1, 1, 0, 0]


def test_the_control_is_the_same_head_at_the_same_distances_where_nothing_recurs():
    """A head that always looks eight 16ths back: it finds a motif there no more than elsewhere."""
    theme = [60, 64, 67, 65]
    piece = soprano([*theme, 55, 70, 51, 44, *(pitch + 3 for pitch in theme), 80, 42, 71])
    (motif,) = recurrences(piece, grid.SHAPE, 3)
    weights = np.zeros((1, 1, len(piece), len(piece)))
    for query in range(32, len(piece)):
        weights[0, 0, query, query - 32] = 1.0
    quiet = motif_attention._queries_without_recurrence(piece, grid.SHAPE, [motif])
    assert motif.query not in quiet and all(query % 4 == 0 for query in quiet)
    back = motif._replace(keys=[motif.query - 32])
    assert motif_attention._control(weights, back, quiet, 4) == 1.0
    weights[0, 0, motif.query] = 0.0  # which is no control of itself
    assert motif_attention._control(weights, back, quiet, 4) == 1.0
    far = motif._replace(keys=[motif.query - 60])
    assert np.isnan(motif_attention._control(weights, far, quiet, 4)).all()


class Counting(AutoregressiveModel):
    """Gives the target at position p, which is always 1, probability 2^-(p + 1)."""

    def __init__(self) -> None:
        super().__init__()
        self.settings, self.shape, self.head = LSTM, grid.SHAPE, KnownLogits()
        self.nothing = nn.Parameter(torch.zeros(1))

    def init_state(self, source, copies, max_length) -> State:
        raise NotImplementedError

    def step(self, ids, state):
        raise NotImplementedError

    def forward(self, inputs, source=None):
        p = 2.0 ** -(torch.arange(inputs.shape[1]) + 1.0)
        return torch.stack(((1 - p).log(), p.log()), dim=-1).expand(len(inputs), -1, -1)


def test_nats_by_position_are_means_over_whole_windows():
    pieces = [np.ones(1 + 35, int), np.ones(1 + 16, int), np.ones(1 + 3, int)]
    windows = score_windows(Counting(), pieces, 16)
    found = nats_by_position(windows)
    expected = [(2 * index + 1.5) * np.log(2) for index in range(8)]
    assert list(found) == [f"{first:02}-{first + 1:02}" for first in range(0, 16, 2)]
    assert list(found.values()) == pytest.approx(expected, rel=1e-5)
    assert nats_by_position(score_windows(Counting(), pieces, 64)) == {}
    sums = halves(windows)
    assert sums["nats_within"] == pytest.approx([72 * np.log(2), 36 * np.log(2), 0.0], rel=1e-5)
    assert sums["nats_beyond"] == pytest.approx([200 * np.log(2), 100 * np.log(2), 0.0], rel=1e-5)
    assert sums["tokens_within"].tolist() == sums["tokens_beyond"].tolist() == [16, 8, 0]
