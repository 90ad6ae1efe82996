from dataclasses import replace

import pytest

from pipeline.config import Params
from pipeline.reporting.results import Result, read_results
from pipeline.tasks.music.reporting.chorales import Chorale, Note
from pipeline.tasks.music.reporting.failures import failures

STEADY = {"000-127": 0.5, "128-255": 0.7, "256-383": 0.6, "384-511": 0.8}
LOST = STEADY | {"256-383": 1.0, "384-511": 2.0}


def a_run(scale: Params, name: str, by_position: dict, top_k: int | None = None) -> Result:
    result = next(each for each in read_results(scale) if each.name == name)
    metrics = result.metrics | {"by_position": by_position, "baseline": {"hold_accuracy": 0.7697}}
    decoding = result.run.decoding
    sampling = decoding.sampling.model_copy(update={"top_k": top_k})
    run = {"decoding": decoding.model_copy(update={"sampling": sampling})}
    return replace(result, metrics=metrics, run=result.run.model_copy(update=run))


def piece(notes: int, kind: str = "from_nothing", bar_seconds: float | None = 2.0) -> Chorale:
    held = tuple(Note(voice, 60 + voice, 0.0, 16.0) for voice in range(notes))
    return Chorale("1.mid", kind, None, 0.0, 16.0, bar_seconds, held, b"", b"")


@pytest.mark.parametrize(
    ("name", "cause"),
    [
        ("music_sinusoid", ", where its absolute positions are ones that training never had"),
        ("music_relative", ""),
    ],
)
def test_a_loss_that_rises_beyond_the_training_length_is_told(scale: Params, name: str, cause: str):
    assert scale.runs[name].training.crop == 256
    assert failures(a_run(scale, name, LOST), []) == [
        "Beyond the 256 tokens of a training crop its loss on the test pieces rises from 0.60 to "
        f"1.50 nats per token{cause}."
    ]


@pytest.mark.parametrize(
    "by_position", [STEADY, {"000-127": 0.5}, {"128-383": 0.5, "384-511": 9.0}, {}]
)
def test_without_such_a_rise_nothing_is_told(scale: Params, by_position: dict):
    assert failures(a_run(scale, "music_sinusoid", by_position), []) == []


def test_pieces_of_held_notes_are_counted_where_the_likeliest_token_is_taken(scale: Params):
    pieces = [piece(4), piece(5), piece(3), piece(4, "continuation"), piece(1, bar_seconds=None)]

    assert failures(a_run(scale, "music_relative", {}, top_k=1), pieces) == [
        "2 of 3 unprompted pieces hold one chord from beginning to end: decoding takes the "
        "likeliest token, and repeating the pitch before is right for 77.0 % of the test tokens."
    ]
    assert failures(a_run(scale, "music_relative", {}, top_k=1), [piece(5)]) == []
    assert failures(a_run(scale, "music_relative", {}), pieces) == []
