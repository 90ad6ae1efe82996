"""Two networks that continue the same opening, side by side."""

from dataclasses import replace

import pytest

from models.settings import Sinusoid
from pipeline.reporting.results import read_results
from pipeline.tasks.music.reporting.chorales import pitch_range
from pipeline.tasks.music.reporting.pieces import RunPieces, read_pieces
from pipeline.tasks.music.reporting.sides import sides
from tests.reporting.scale import write_scale

RUN = "music_relative"


@pytest.fixture
def relative(tmp_path, monkeypatch) -> RunPieces:
    monkeypatch.chdir(tmp_path)
    results = read_results(write_scale(tmp_path))
    return read_pieces(next(each for each in results if each.name == RUN), 10**7)


def with_sinusoids(run: RunPieces, **changes: object) -> RunPieces:
    """The same pieces of a network with absolute positions."""
    result = run.result
    model = result.run.model.model_copy(update={"positions": Sinusoid(kind="sinusoid")})
    changed = result.run.model_copy(update={"model": model} | changes)
    return replace(run, result=replace(result, name="music_sinusoid", run=changed))


def test_both_sides_continue_the_same_opening_on_the_same_pitches(relative):
    higher = [
        replace(
            piece,
            chorale=replace(
                piece.chorale,
                notes=tuple(replace(note, pitch=note.pitch + 5) for note in piece.chorale.notes),
            ),
        )
        for piece in relative.pieces
    ]
    absolute = replace(with_sinusoids(relative), pieces=higher)
    found = sides([absolute, relative])
    assert found.relative.run is relative and found.absolute.run is absolute
    pieces = [side.piece for side in (found.relative, found.absolute)]
    assert {piece.chorale.piece for piece in pieces} == {found.opening}
    assert all(piece.chorale.kind == "continuation" for piece in pieces)
    lowest, highest = pitch_range([piece.chorale for piece in pieces])
    assert {piece.roll.highest for piece in pieces} == {highest}
    assert lowest < highest and pieces[0].roll.octaves == pieces[1].roll.octaves


def test_without_two_such_networks_there_is_nothing(relative):
    silent = [replace(piece, audio=None) for piece in relative.pieces]
    for others in (
        [],
        [relative],
        [with_sinusoids(relative, dataset="tunes")],
        [replace(with_sinusoids(relative), pieces=silent)],
    ):
        assert sides([relative, *others]) is None
