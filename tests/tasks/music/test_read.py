import zipfile

import numpy as np
import pytest

from pipeline.errors import DataError
from pipeline.tasks.music.codec.grid import SILENCE
from pipeline.tasks.music.encoding.music21_wheel import cut_interludes
from pipeline.tasks.music.encoding.read import read_pieces
from pipeline.tasks.music.settings import ChoraleReader
from tests.encoding.apart import apart
from tests.tasks.music.scores import chorale, measures, melody, mxl, note, rest, score, wheel

GOOD = mxl(melody(["C5"]))
READER = ChoraleReader.MUSIC21_CHORALES


def reasons(raw) -> dict[str, str]:
    return {skip.record: skip.reason for skip in apart(read_pieces(raw, READER))[1]}


def test_chorales_are_read_by_name_and_the_rest_of_the_archive_is_not(tmp_path):
    pieces = {"bwv2.mxl": GOOD, "bwv1-a.mxl": GOOD, "bwv1.mxl": mxl(melody(["C5", "D5"]))}
    wheel(tmp_path, {**pieces, "bwv3.krn": b"no", "bwv3.mxl.txt": b"no", "sub/bwv4.mxl": GOOD})
    read, skipped = apart(read_pieces(tmp_path, READER))
    assert [piece.name for piece in read] == ["bwv1", "bwv1-a", "bwv2"]
    assert read[0].grid[:, 0].tolist() == [72] * 4 + [74] * 4
    assert (read[0].notes, read[0].off_grid) == (2, 0)
    assert skipped == []


def test_the_score_is_the_one_that_the_container_names(tmp_path):
    wheel(tmp_path, {"bwv1.mxl": mxl(melody(["C5"]), path="folder/any name.xml")})
    assert len(apart(read_pieces(tmp_path, READER))[0]) == 1


def test_a_record_that_cannot_be_read_is_skipped_with_its_reason(tmp_path):
    flipped = bytearray(GOOD)
    flipped[GOOD.index(b"score.musicxml") + 20] ^= 0xFF  # inside of the compressed score
    directory = bytearray(GOOD)
    directory[-6:-2] = b"\xff\xff\xff\x7f"  # where the directory begins: far outside
    five = score({name: measures(note("C4", 1)) for name in ("Soprano", "Soprano", "Alto", "Bass")})
    wheel(
        tmp_path,
        {
            "bwv1.mxl": GOOD,
            "bwv2.mxl": GOOD[: len(GOOD) // 2],
            "bwv3.mxl": b"no zip archive",
            "bwv4.mxl": b"",
            "bwv5.mxl": bytes(flipped),
            "bwv6.mxl": mxl(five),
            "bwv7.mxl": mxl(melody(["C5"])[:-20]),
            "bwv8.mxl": mxl(melody(["C5"]).replace(b"UTF-8", b"UTF-5")),
            "bwv9.mxl": bytes(directory),
        },
    )
    assert reasons(tmp_path) == {
        "bwv2": "not a zip archive, or a damaged one",
        "bwv3": "not a zip archive, or a damaged one",
        "bwv4": "not a zip archive, or a damaged one",
        "bwv5": "not a zip archive, or a damaged one",
        "bwv6": "not exactly one part each for soprano, alto, tenor and bass",
        "bwv7": "not well-formed XML",
        "bwv8": "not well-formed XML",
        "bwv9": "not a zip archive, or a damaged one",
    }


def _zip_of(path, members: dict[str, bytes]) -> bytes:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return path.read_bytes()


def test_containers_that_name_no_score_are_skipped(tmp_path):
    raw, box = tmp_path / "raw", tmp_path / "box.zip"
    missing = b'<container><rootfiles><rootfile full-path="no.xml"/></rootfiles></container>'
    wheel(
        raw,
        {
            "bwv1.mxl": _zip_of(box, {"score.xml": melody(["C5"])}),
            "bwv2.mxl": _zip_of(box, {"META-INF/container.xml": missing}),
            "bwv3.mxl": _zip_of(box, {"META-INF/container.xml": b"<container/>"}),
            "bwv4.mxl": _zip_of(box, {"META-INF/container.xml": b"<container>"}),
            "bwv5.mxl": _zip_of(box, {"META-INF/container.xml": b"<!DOCTYPE x [<!ENTITY a 'b'>]>"}),
        },
    )
    assert reasons(raw) == {
        "bwv1": "the score is missing in its archive",
        "bwv2": "the score is missing in its archive",
        "bwv3": "the container names no score",
        "bwv4": "not well-formed XML",
        "bwv5": "declares XML entities",
    }


def test_names_with_dots_write_nothing_anywhere(tmp_path):
    raw = tmp_path / "deep" / "raw"
    escaping = {
        "../../../../bwv6.mxl": GOOD,
        "bwv1.mxl": mxl(melody(["C5"]), path="../../evil.xml"),
    }
    archive = wheel(raw, escaping)
    read, skipped = apart(read_pieces(raw, READER))
    assert [piece.name for piece in read] == ["bwv1"]
    assert skipped == []
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [archive]


def test_a_zip_bomb_is_skipped(tmp_path):
    wheel(tmp_path, {"bwv1.mxl": GOOD, "bwv2.mxl": mxl(b" " * ((1 << 26) + 1))})
    assert reasons(tmp_path) == {"bwv2": "score.musicxml is larger than 67108864 bytes"}


def test_a_wheel_that_is_missing_damaged_or_another_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"expected one archive \*\.whl, found 0"):
        list(read_pieces(tmp_path, READER))
    path = wheel(tmp_path, {})
    with pytest.raises(DataError, match=r"no member music21/corpus/bach/bwv\*\.mxl"):
        list(read_pieces(tmp_path, READER))
    path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(DataError, match="music21-0-py3-none-any.whl: cannot be read"):
        list(read_pieces(tmp_path, READER))
    (tmp_path / "second.whl").touch()
    with pytest.raises(DataError, match=r"expected one archive \*\.whl, found 2"):
        list(read_pieces(tmp_path, READER))


def test_interludes_and_silent_ends_are_cut_and_short_rests_are_not():
    sung, silent = [72, 67, 60, 48], [SILENCE] * 4
    grid = np.array([silent] * 3 + [sung] + [silent] * 15 + [sung] + [silent] * 16 + [sung, silent])
    assert cut_interludes(grid).tolist() == [sung] + [silent] * 15 + [sung, sung]


def test_a_bar_in_which_one_voice_sings_is_no_interlude():
    solo = [SILENCE, SILENCE, SILENCE, 48]
    assert cut_interludes(np.array([solo] * 40)).tolist() == [solo] * 40


def test_a_piece_is_read_without_its_interludes(tmp_path):
    sung = note("C5", 1) + rest(19) + note("D5", 1)
    silent = measures(rest(21))
    wheel(tmp_path, {"bwv1.mxl": mxl(chorale(measures(sung), silent, silent, silent))})
    (piece,) = read_pieces(tmp_path, READER)
    assert piece.grid[:, 0].tolist() == [72, 74]
