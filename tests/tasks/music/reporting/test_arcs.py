import json
from pathlib import Path

import pytest

from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.tasks.music.reporting.arcs import read_arcs

RECORDS = Path("runs/music_relative/records")


def test_a_piece_without_arcs_has_none(scale: Params):
    assert read_arcs(RECORDS, "nothing.mid") is None


def test_an_arc_to_a_note_that_is_not_there_is_refused(scale: Params):
    path = RECORDS / "continuation_0.arcs.json"
    content = json.loads(path.read_text())
    content["arcs"].append([0, len(content["notes"]), 0, 0, 0.5])
    path.write_text(json.dumps(content))
    with pytest.raises(DataError, match="an arc ends at no note; .*evaluate@music_relative"):
        read_arcs(RECORDS, "continuation_0.mid")
