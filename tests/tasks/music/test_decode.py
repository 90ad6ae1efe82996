import json

import numpy as np
import pytest
from pydantic import ValidationError

from pipeline.corpus import write_sequences
from pipeline.errors import DataError
from pipeline.files import write_json
from pipeline.settings.base import Method, Sampling
from pipeline.tasks.music.codec.grid import IDS, SHAPE, from_ids, to_ids
from pipeline.tasks.music.decoding.decode import decode
from pipeline.tasks.music.decoding.midi import SECONDS_PER_SIXTEENTH
from pipeline.tasks.music.primers import primer_of
from pipeline.tasks.music.settings import MusicDecoding
from tests.tasks.music.test_metrics import tiny_model

SHORT, LONG, LONGER = (
    np.random.default_rng(length).integers(48, 72, (length, 4)) for length in (4, 9, 12)
)


@pytest.fixture
def encoded(tmp_path):
    pieces = [("bwv1", SHORT), ("bwv2", LONG), ("bwv3", LONGER)]
    write_sequences(tmp_path, "test", "tokens", (to_ids(grid) for _, grid in pieces), IDS)
    write_json(tmp_path / "test.pieces.json", [name for name, _ in pieces])
    return tmp_path


def decoding(**changes) -> MusicDecoding:
    values = {
        "sampling": Sampling(seed=1, temperature=1.0, top_k=None, top_p=1.0),
        "method": Method.SEQUENTIAL,
        "from_nothing": 2,
        "continuations": 2,
        "shown_continuations": 2,
        "primer_tokens": 16,
        "tokens": 32,
    }
    return MusicDecoding(**{**values, **changes})


def files(folder) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def decoded(encoded, name: str, **changes):
    samples = encoded / name
    samples.mkdir()
    decode(tiny_model(), encoded, samples, decoding(**changes))
    return samples


def test_samples_are_described_and_continue_the_openings_of_long_enough_pieces(encoded):
    samples = decoded(encoded, "samples")
    shared = {"seconds": 8 * SECONDS_PER_SIXTEENTH, "bar_seconds": 16 * SECONDS_PER_SIXTEENTH}
    nothing = {
        "kind": "from_nothing",
        "piece": None,
        "primer_tokens": 0,
        "primer_seconds": 0.0,
        **shared,
    }
    continued = {
        "kind": "continuation",
        "primer_tokens": 16,
        "primer_seconds": 4 * SECONDS_PER_SIXTEENTH,
        **shared,
    }
    assert json.loads((samples / "samples.json").read_text()) == [
        {"file": "from_nothing_0.mid", **nothing},
        {"file": "from_nothing_1.mid", **nothing},
        {"file": "continuation_0.mid", "piece": "bwv2", **continued},
        {"file": "continuation_1.mid", "piece": "bwv3", **continued},
    ]
    beside = ("from_nothing_1.png", "from_nothing_1.mp3", "continuation_1.png")
    assert all((samples / name).stat().st_size > 1000 for name in beside)
    for index, piece in enumerate((LONG, LONGER)):
        ids, _ = primer_of((samples / f"continuation_{index}.mid").read_bytes(), SHAPE)
        grid = from_ids(ids)
        assert np.array_equal(grid[:4], piece[:4])
        assert not np.array_equal(grid[4:], piece[4 : len(grid)])


def test_the_same_bytes_on_every_run_and_others_for_another_seed(encoded):
    first, second = files(decoded(encoded, "a")), files(decoded(encoded, "b"))
    reseeded = Sampling(seed=2, temperature=1.0, top_k=None, top_p=1.0)
    third = files(decoded(encoded, "c", sampling=reseeded))
    assert first == second
    assert first["from_nothing_0.mid"] != third["from_nothing_0.mid"]


def test_too_few_test_pieces_are_an_error(encoded):
    message = "decoding.continuations = 3, but only 2 test pieces are longer than primer_tokens"
    with pytest.raises(DataError, match=message):
        decoded(encoded, "samples", continuations=3)


def test_an_opening_that_leaves_nothing_to_draw_is_refused():
    with pytest.raises(ValidationError, match="primer_tokens = 32 leaves nothing to continue"):
        decoding(primer_tokens=32)


def test_continuations_that_are_not_shown_are_drawn_and_described_without_files(encoded):
    whole, part = (
        decoded(encoded, name, shown_continuations=shown) for name, shown in (("a", 2), ("b", 1))
    )
    assert not (part / "continuation_1.mid").exists() and (part / "continuation_0.mid").exists()
    assert len(json.loads((part / "samples.json").read_text())) == 3
    assert json.loads((part / "further.json").read_text()) == [
        {"piece": "bwv3", "primer_tokens": 16}
    ]
    ids = [np.load(part / name) for name in ("ids.npy", "further.npy")]
    assert np.array_equal(np.concatenate(ids), np.load(whole / "ids.npy"))
    with pytest.raises(ValidationError, match="shown_continuations = 3 is more than continuations"):
        decoding(shown_continuations=3)
