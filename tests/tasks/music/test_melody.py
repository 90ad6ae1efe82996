"""Melodies as ids, in the codec and in all that reads ids of music."""

import io
from math import log

import numpy as np
import pretty_midi
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.build import build
from models.settings import Norm, Structure
from pipeline.corpus import write_sequences
from pipeline.errors import DataError
from pipeline.files import read_json, write_json
from pipeline.settings.base import Method, Sampling
from pipeline.tasks.music.codec import SAMPLED_IDS, codec_of, events, grid, melody
from pipeline.tasks.music.codec.augmentation import augmenter
from pipeline.tasks.music.codec.melody import (
    HIGHEST,
    IDS,
    LENGTHS,
    LOWEST,
    OUTPUTS,
    REST,
    SHAPE,
    SILENCE,
    START,
    Melody,
    from_ids,
    melody_of,
    to_ids,
)
from pipeline.tasks.music.decoding.compose import compose_for, seconds_of, to_midi
from pipeline.tasks.music.decoding.decode import decode
from pipeline.tasks.music.decoding.midi import melody_to_midi
from pipeline.tasks.music.encoding.midi_repairs import Repair
from pipeline.tasks.music.metrics.distributions import distances, distributions
from pipeline.tasks.music.metrics.evaluate import evaluate
from pipeline.tasks.music.metrics.event_baselines import event_baselines
from pipeline.tasks.music.metrics.motif_attention import Recurrence, recurrences
from pipeline.tasks.music.metrics.notes import melodies_of, sounding_notes
from pipeline.tasks.music.primers import primer_of, read_primer
from pipeline.tasks.music.settings import Augmentation, MusicDecoding, MusicEvaluation
from tests.models import networks
from tests.tasks.evaluations import write_clusters

MELODIES = st.lists(
    st.tuples(st.integers(LOWEST, SILENCE), st.sampled_from(LENGTHS.tolist())), max_size=20
)
TUNE = [(62, 12), (64, 6), (SILENCE, 24), (62, 18), (64, 8)]
SAMPLING = Sampling(seed=1, temperature=1.0, top_k=None, top_p=1.0)


def ids_of(rows) -> np.ndarray:
    return to_ids(Melody(*np.array(rows, np.int64).reshape(-1, 2).T))


def rows_of(tune: Melody) -> list[tuple[int, int]]:
    return list(zip(*(values.tolist() for values in tune), strict=True))


def quarters(pitches) -> np.ndarray:
    return ids_of([(pitch, 24) for pitch in pitches])


def random_tune(seed: int, notes: int = 30) -> np.ndarray:
    random = np.random.default_rng(seed)
    return np.concatenate(([START], random.integers(0, OUTPUTS, notes))).astype(IDS)


def tiny_model():
    torch.manual_seed(1)
    sizes = {"num_layers": 1, "d_model": 16, "num_heads": 2, "d_ff": 16}
    return build(networks.settings(Structure.DECODER, norm=Norm.PRE, **sizes), SHAPE).eval()


# ------------------------------------------------------------------------------------ codec


@given(MELODIES)
def test_melody_to_ids_and_back(rows):
    ids = ids_of(rows)
    assert len(ids) == 1 + len(rows) and ids[0] == START
    assert rows_of(from_ids(ids)) == rows


def test_all_ids_but_the_start_are_notes_and_rests_of_every_length():
    every = from_ids(np.array([START, *range(OUTPUTS)]))
    assert len(set(rows_of(every))) == OUTPUTS == (HIGHEST - LOWEST + 2) * 16
    assert melody.begins_note(np.arange(OUTPUTS)).tolist() == (every.pitch != SILENCE).tolist()
    assert (to_ids(every)[1:] == np.arange(OUTPUTS)).all()


def test_the_shape_tells_the_codec():
    assert [codec_of(each.SHAPE) for each in (grid, events, melody)] == [grid, events, melody]


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([], "the first id must be START"),
        ([0, 1], "the first id must be START = 784"),
        ([START, 0, START], "id 784 at position 2 is not in 0..783"),
        ([START, -1], "id -1 at position 1"),
    ],
)
def test_what_is_no_melody_is_refused(ids, message):
    with pytest.raises(DataError, match=message):
        from_ids(np.array(ids))


@pytest.mark.parametrize(
    ("notes", "rows"),
    [
        ([], []),
        ([(0, 12, 60), (12, 24, 60)], [(60, 12), (60, 12)]),
        ([(12, 24, 64), (0, 12, 62)], [(62, 12), (64, 12)]),  # in any order
        ([(6, 12, 60), (24, 30, 62)], [(SILENCE, 6), (60, 6), (SILENCE, 12), (62, 6)]),
        ([(0, 24, 55), (0, 12, 67), (0, 12, 59), (12, 24, 60)], [(67, 12), (60, 12)]),
        ([(0, 48, 60), (12, 24, 62), (48, 60, 64)], [(60, 12), (62, 12), (SILENCE, 24), (64, 12)]),
    ],
)
def test_the_highest_note_counts_until_the_next_begins(notes, rows):
    assert rows_of(melody_of(notes)) == rows


def test_seconds_are_64_steps_and_a_note_is_whole_or_left_out():
    ids = ids_of(TUNE)
    assert melody.seconds_of(ids) == seconds_of(ids, SHAPE) == (12 + 6 + 24 + 18 + 8) / 64
    assert melody.seconds_of(ids[:1]) == 0.0
    assert melody.truncated(ids, 18 / 64).tolist() == ids[:3].tolist()
    assert melody.truncated(ids, 41 / 64).tolist() == ids[:3].tolist()


# ---------------------------------------------------------------------- transposition, MIDI


def test_a_tune_keeps_its_lengths_and_rests_in_every_key_that_has_ids():
    random = np.random.default_rng(1)
    change = augmenter(Augmentation(transpose=3, stretch=[1.0]), SHAPE)
    ids = ids_of([(LOWEST + 1, 12), (SILENCE, 6), (90, 24)])
    drawn = {tuple(rows_of(from_ids(change.crop(ids, 4, random)))) for _ in range(200)}
    assert drawn == {
        ((LOWEST + 1 + shift, 12), (SILENCE, 6), (90 + shift, 24)) for shift in range(-1, 4)
    }
    high = ids_of([(HIGHEST, 12)])
    assert {int(change.crop(high, 2, random)[1]) for _ in range(200)} == {
        int(ids_of([(HIGHEST - shift, 12)])[1]) for shift in range(4)
    }


def test_a_midi_file_is_played_by_a_violin_at_160_quarters_a_minute():
    midi = pretty_midi.PrettyMIDI(io.BytesIO(to_midi(ids_of(TUNE), SHAPE)))
    (violin,) = midi.instruments
    assert (violin.name, violin.program) == ("violin", 40)
    assert midi.get_tempo_changes()[1].tolist() == [160.0]
    assert [(note.start * 64, note.end * 64, note.pitch) for note in violin.notes] == [
        (0, 12, 62), (12, 18, 64), (42, 60, 62), (60, 68, 64)
    ]  # fmt: skip


@given(MELODIES.filter(lambda rows: any(pitch != SILENCE for pitch, _ in rows)))
def test_midi_and_back(rows):
    while rows[-1][0] == SILENCE:  # MIDI holds no rest at the end
        rows.pop()
    merged = [rows[0]]  # nor that a rest was two
    for pitch, length in rows[1:]:
        if pitch == merged[-1][0] == SILENCE:
            merged[-1] = (SILENCE, merged[-1][1] + length)
        else:
            merged.append((pitch, length))
    tune = Melody(*np.array(rows).T)
    nearest = melody.nearest_lengths(np.array(merged)[:, 1]).tolist()
    expected = [(pitch, length) for (pitch, _), length in zip(merged, nearest, strict=True)]
    ids, _ = primer_of(melody_to_midi(tune), SHAPE)
    assert rows_of(from_ids(ids)) == expected


def midi_of(*notes, tempo: float = 120.0, is_drum: bool = False) -> bytes:
    midi = pretty_midi.PrettyMIDI(resolution=480, initial_tempo=tempo)
    instrument = pretty_midi.Instrument(0, is_drum=is_drum)
    instrument.notes = [pretty_midi.Note(80, *note) for note in notes]
    midi.instruments.append(instrument)
    file = io.BytesIO()
    midi.write(file)
    return file.getvalue()


def test_a_primer_is_read_by_its_beat_and_its_lengths_are_the_nearest(tmp_path):
    content = midi_of((60, 0.0, 0.49), (64, 0.5, 0.95), (67, 0.5, 1.1), tempo=60.0)
    (tmp_path / "a.mid").write_bytes(content)
    ids, repairs = read_primer(tmp_path / "a.mid", SHAPE)
    assert repairs == {Repair.HIDDEN: 1}
    assert rows_of(from_ids(ids)) == [
        (60, 12),
        (67, 12),
    ]  # 12 and 14 steps


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"MThd", "not a MIDI file"),
        (midi_of(), "no notes"),
        (midi_of((60, 0.0, 1.0), is_drum=True), "no notes"),
        (midi_of((60, 0.0, 1.0), (20, 1.0, 2.0)), r"pitch 20 is not in 48\.\.95; transpose"),
    ],
)
def test_primers_that_are_no_melody_of_a_fiddle(content, message, tmp_path):
    (tmp_path / "a.mid").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_primer(tmp_path / "a.mid", SHAPE)


# ---------------------------------------------------------------------------------- metrics


def test_notes_are_the_melody_without_its_rests():
    notes = sounding_notes(ids_of(TUNE), SHAPE)
    assert [(*note[:4], list(note.tokens)) for note in notes] == [
        (0, 12, 62, 0, [1]), (12, 18, 64, 0, [2]), (42, 60, 62, 0, [4]), (60, 68, 64, 0, [5])
    ]  # fmt: skip
    assert melodies_of(ids_of(TUNE), SHAPE) == [notes]


def test_a_motif_that_recurs_is_asked_about_at_its_last_note():
    # 62 64 65 | rest | 67 69 70: the intervals 2 1 return, and 62 64 65 67 are their first notes.
    ids = ids_of([(62, 12), (64, 12), (65, 12), (SILENCE, 6), (67, 6), (69, 6), (70, 6)])
    assert list(recurrences(ids, SHAPE, 2)) == [Recurrence(query=7, keys=[1, 2, 3, 5], visible=6)]


def test_distances_and_distributions_of_tunes():
    slow, fast = quarters([62, 64]), ids_of([(62, 12), (64, 12)])
    assert distances([slow], [fast], SHAPE) == {
        "pitch_class_distance": 0.0,
        "duration_distance": 1.0,
    }
    drawn = distributions([slow], [fast], SHAPE)["duration"]
    assert drawn["axis"] == "log2 of the duration in 15.625 ms"
    at = dict(zip(drawn["at"], drawn["drawn"], strict=True))
    assert at[4.5] == 1.0  # 24 steps are 2 ** 4.58


def test_baselines_by_hand():
    first, second, rest = ids_of([(62, 12), (64, 12), (SILENCE, 12)])[1:]
    found = event_baselines(
        [np.array([START, first, second, rest, rest, rest])],
        [np.array([START, first, second, first])],
        melody,
    )
    shares = [2 / (5 + OUTPUTS)] * 3
    assert found["unigram_nats"] == pytest.approx(-sum(map(log, shares)) / 3)
    after = [2 / (1 + OUTPUTS), 2 / (1 + OUTPUTS), 1 / (1 + OUTPUTS)]
    assert found["bigram_nats"] == pytest.approx(-sum(map(log, after)) / 3)
    assert found["bigram_accuracy"] == pytest.approx(2 / 3)
    assert found["onset_accuracy"] == pytest.approx(2 / 3)  # the likeliest note, not the rest


# ----------------------------------------------------------------------- decode, evaluate


@pytest.fixture
def encoded(tmp_path):
    for number, split in enumerate(("train", "validation", "test")):
        tunes = [random_tune(10 * number + i) for i in range(3)]
        write_sequences(tmp_path, split, "tokens", tunes, IDS)
        write_clusters(tmp_path, **{split: 3})
    write_json(tmp_path / "test.pieces.json", ["a", "b", "c"])
    return tmp_path


def test_drawn_tunes_begin_with_the_opening_and_are_scored(encoded):
    samples = encoded / "samples"
    samples.mkdir()
    decoding = MusicDecoding(
        sampling=SAMPLING,
        method=Method.SEQUENTIAL,
        from_nothing=1,
        continuations=2,
        shown_continuations=2,
        primer_tokens=10,
        tokens=25,
    )
    model = tiny_model()
    decode(model, encoded, samples, decoding)
    ids = np.load(samples / SAMPLED_IDS)
    assert ids[1][:11].tolist() == random_tune(20)[:11].tolist()
    for row, piece in zip(ids, read_json(samples / "samples.json"), strict=True):
        assert piece["seconds"] == melody.seconds_of(row)
        assert piece["bar_seconds"] is None and "hanging" not in piece
        written, _ = primer_of((samples / piece["file"]).read_bytes(), SHAPE)
        assert len(written) > 1

    for parameter in model.head.parameters():
        torch.nn.init.zeros_(parameter)  # all notes alike
    evaluation = MusicEvaluation(
        bootstrap_samples=50, bootstrap_seed=1, window=16, stride=7, long_window=16, motif=2
    )
    evaluated = evaluate(model, encoded, samples, evaluation)
    assert evaluated.metrics["test"]["tokens"] == 3 * 30
    assert evaluated.metrics["test"]["nats_per_token"] == pytest.approx(log(OUTPUTS), abs=1e-5)
    assert "irregularities" not in evaluated.metrics["samples"]
    notes = sum(int((random_tune(20 + i)[1:] < REST).sum()) for i in range(3))
    assert evaluated.records["test"].statistics["onsets"].sum() == notes


def test_a_piece_of_so_many_seconds():
    found = compose_for(tiny_model(), np.array([START]), 3.0, 2, SAMPLING)
    for piece in found:
        assert 3.0 - LENGTHS.max() / 64 < melody.seconds_of(piece) <= 3.0
