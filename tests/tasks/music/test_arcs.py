import numpy as np
import pytest
from torch import nn

from models.build import build
from models.settings import Local1D, Structure
from pipeline.files import write_json
from pipeline.tasks.music.codec import SAMPLED_IDS, events, grid
from pipeline.tasks.music.metrics import arcs
from pipeline.tasks.music.metrics.arcs import arcs_of_samples, strongest, weights_between
from pipeline.tasks.music.metrics.notes import Note, sounding_notes
from tests.models import networks
from tests.tasks.music.test_motifs import CHORALE, piano

IDS = grid.to_ids(CHORALE)


def even(shape, attention=networks.FULL) -> nn.Module:
    """A network whose heads attend to all positions alike."""
    settings = networks.settings(Structure.DECODER, networks.NONE, attention)
    model = build(settings, shape).eval()
    for layer in model.layers:
        nn.init.zeros_(layer.attention.in_proj.weight)
    return model


def drawn(folder, ids, seconds: float):
    np.save(folder / SAMPLED_IDS, np.array([ids]))
    write_json(folder / "samples.json", [{"file": "from_nothing_0.mid", "seconds": seconds}])
    return folder


def test_a_held_pitch_is_one_note_with_an_id_at_each_16th():
    notes = [(*note[:4], list(note.tokens)) for note in sounding_notes(IDS, grid.SHAPE)]
    assert notes == [
        (0, 2, 72, 0, [1, 5]),
        (0, 3, 67, 1, [2, 6, 10]),
        (0, 1, 60, 2, [3]),
        (0, 2, 48, 3, [4, 8]),
        (2, 3, 74, 0, [9]),
        (2, 3, 60, 2, [11]),
        (2, 3, 43, 3, [12]),
    ]


def test_a_note_of_a_performance_has_its_note_on():
    ids = piano([(0, 50, 60), (0, 20, 64), (50, 80, 60)])
    notes = sounding_notes(ids, events.SHAPE)
    assert [note[:4] for note in notes] == [(0, 50, 60, 0), (0, 20, 64, 0), (50, 80, 60, 0)]
    assert [ids[note.tokens[0]] for note in notes] == [60, 64, 60]
    assert notes[0].tokens[0] < notes[2].tokens[0]


def test_the_weight_of_a_note_is_that_of_its_ids_up_to_the_query():
    maps = np.tril(np.arange(1.0, 17.0).reshape(1, 1, 4, 4))  # row: query
    notes = [Note(0, 2, 60, 0, [0, 2]), Note(0, 1, 50, 1, [1]), Note(1, 2, 50, 1, [3])]
    found = weights_between(maps, notes)
    assert found[0, 0].tolist() == [[0, 0, 0], [5, 0, 0], [13 + 15, 14, 0]]


def test_even_attention_gives_a_note_the_share_of_its_ids(tmp_path):
    found = arcs_of_samples(even(grid.SHAPE), drawn(tmp_path, IDS, 0.5625))["from_nothing_0"]
    assert (found["layers"], found["heads"]) == (2, 2)
    assert found["notes"][0] == [0.0, 0.375, 72, 0]
    assert found["notes"][4] == [0.375, 0.5625, 74, 0]
    first_head = [arc for arc in found["arcs"] if arc[2:4] == [0, 0]]
    # The query of note 4 is position 9: of ten ids two are note 0's, two note 1's, two note 3's.
    assert [arc for arc in first_head if arc[0] == 4] == [
        [4, 0, 0, 0, 200], [4, 1, 0, 0, 200], [4, 3, 0, 0, 200]
    ]  # fmt: skip
    assert [arc for arc in first_head if arc[0] == 0] == []


def test_the_strongest_are_kept(monkeypatch):
    weights = np.zeros((1, 1, 5, 5))
    weights[0, 0, 4] = [0.3, 0.049, 0.2, 0.4, 0.0]
    weights[0, 0, 3] = [0.1, 0.6, 0.07, 0.06, 0.0]
    assert strongest(weights) == [
        [3, 0, 0, 0, 100], [3, 1, 0, 0, 600], [3, 2, 0, 0, 70],
        [4, 0, 0, 0, 300], [4, 2, 0, 0, 200], [4, 3, 0, 0, 400],
    ]  # fmt: skip
    monkeypatch.setattr(arcs, "_MAX_PER_PIECE", 2)
    assert strongest(weights) == [[3, 1, 0, 0, 600], [4, 3, 0, 0, 400]]


def test_a_piece_without_notes_has_no_arcs(tmp_path):
    silence = grid.to_ids(np.full((2, 4), grid.SILENCE))
    found = arcs_of_samples(even(grid.SHAPE), drawn(tmp_path, silence, 0.375))["from_nothing_0"]
    assert (found["notes"], found["arcs"]) == ([], [])


def test_local_attention_has_none(tmp_path):
    local = even(grid.SHAPE, Local1D(kind="local_1d", query_block=4, memory_block=4))
    assert arcs_of_samples(local, drawn(tmp_path, IDS, 0.5625)) == {}


@pytest.mark.parametrize("seed", range(3))
def test_whatever_is_drawn_has_notes(seed):
    ids = np.random.default_rng(seed).integers(0, events.OUTPUTS, 300)
    ids = np.concatenate(([events.START], ids))
    notes = sounding_notes(ids, events.SHAPE)
    assert len(notes) == len(events.from_ids(ids).notes.pitch)
    assert all(ids[note.tokens[0]] == note.pitch for note in notes)
