"""Builders of tiny MusicXML scores and of wheels with the layout of music21's."""

import io
import zipfile
from pathlib import Path

VOICES = ("Soprano", "Alto", "Tenor", "Bass")
DOCTYPE = '<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 3.1 Partwise//EN" "x.dtd">'
CONTAINER = (
    '<container><rootfiles><rootfile full-path="{path}" '
    'media-type="application/vnd.recordare.musicxml+xml"/></rootfiles></container>'
)


def note(pitch: str, duration: int, *extra: str) -> str:
    """A note such as note("F#4", 4); `extra` are element names such as "chord"."""
    alter = {"#": 1, "b": -1}.get(pitch[1:-1], 0)
    flags = "".join(f"<{name}/>" for name in extra)
    return (
        f"<note>{flags}<pitch><step>{pitch[0]}</step><alter>{alter}</alter>"
        f"<octave>{pitch[-1]}</octave></pitch><duration>{duration}</duration></note>"
    )


def rest(duration: int) -> str:
    return f"<note><rest/><duration>{duration}</duration></note>"


def attributes(divisions: int = 4, inside: str = "") -> str:
    """With the default a duration of 1 is a 16th."""
    return f"<attributes><divisions>{divisions}</divisions>{inside}</attributes>"


def measures(*bars: str, divisions: int = 4) -> str:
    """The bars of one part, the first of which declares the divisions."""
    first = attributes(divisions) + bars[0]
    return "".join(f"<measure>{bar}</measure>" for bar in (first, *bars[1:]))


def score(parts: dict[str, str], doctype: str = DOCTYPE) -> bytes:
    """A whole document of parts, name -> measures."""
    entries = "".join(
        f'<score-part id="P{i}"><part-name>{name}</part-name></score-part>'
        for i, name in enumerate(parts)
    )
    bodies = "".join(f'<part id="P{i}">{body}</part>' for i, body in enumerate(parts.values()))
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{doctype}'
        f"<score-partwise><part-list>{entries}</part-list>{bodies}</score-partwise>"
    ).encode()


def chorale(soprano: str, alto: str = "", tenor: str = "", bass: str = "") -> bytes:
    """A document of four voices; a voice without measures rests for a 16th."""
    bodies = [body or measures(rest(1)) for body in (soprano, alto, tenor, bass)]
    return score(dict(zip(VOICES, bodies, strict=True)))


def melody(pitches: list[str]) -> bytes:
    """Quarter notes in the soprano over rests: one chord per pitch."""
    bars = measures("".join(note(pitch, 4) for pitch in pitches))
    silent = measures(rest(4 * len(pitches)))
    return chorale(bars, silent, silent, silent)


def mxl(xml: bytes, path: str = "score.musicxml") -> bytes:
    """Compressed MusicXML: a zip whose container names the score."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("META-INF/container.xml", CONTAINER.format(path=path))
        archive.writestr(path, xml)
    return file.getvalue()


def wheel(raw: Path, pieces: dict[str, bytes]) -> Path:
    """Write a wheel with `pieces`, file name -> bytes, where music21 has its chorales."""
    raw.mkdir(parents=True, exist_ok=True)
    path = raw / "music21-0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("music21/__init__.py", b"")
        archive.writestr("music21/corpus/bach/readme.txt", b"")
        for name, content in pieces.items():
            archive.writestr(f"music21/corpus/bach/{name}", content)
    return path
