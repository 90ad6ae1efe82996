import io

import numpy as np
import pretty_midi
import pytest
import soundfile
import torch

from models import store
from models.build import build
from models.settings import DataShape, Norm, Structure
from pipeline.decoding.sampling import fill
from pipeline.errors import ConfigError, DataError
from pipeline.settings.base import Sampling
from pipeline.tasks.music import command, composer
from pipeline.tasks.music.codec import events, grid
from pipeline.tasks.music.decoding.compose import compose_for
from pipeline.tasks.music.decoding.midi import SECONDS_PER_SIXTEENTH, notes_to_midi, to_midi
from pipeline.tasks.music.decoding.roll import piano_roll
from pipeline.tasks.music.harmony import harmonise, template_of
from pipeline.tasks.music.primers import read_primer
from tests.models import networks
from tests.tasks.music.midi_bytes import END, midi, on
from tests.test_config import DEFAULT

SAMPLING = Sampling(seed=1, temperature=1.0, top_k=None, top_p=1.0)
CHORDS = np.array([[72, 67, 60, 48]] * 4 + [[74, 67, 59, 43]] * 4)
NOTES = events.Notes.of([(0, 50, 60, 66), (50, 100, 64, 66)])


def model(shape: DataShape) -> torch.nn.Module:
    torch.manual_seed(1)
    sizes = {"num_layers": 1, "d_model": 16, "num_heads": 2, "d_ff": 16}
    return build(networks.settings(Structure.DECODER, norm=Norm.PRE, **sizes), shape).eval()


@pytest.fixture
def scale(tmp_path, monkeypatch):
    """A scale in which the run music_relative has a model, untrained."""
    monkeypatch.chdir(tmp_path)
    raw = DEFAULT.read_text(encoding="utf-8").replace("threads: 2", "threads: 1")
    (tmp_path / "params.yaml").write_text(raw, encoding="utf-8")
    folder = tmp_path / "runs/music_relative/model"
    folder.mkdir(parents=True)
    store.save(model(grid.SHAPE), folder)
    return tmp_path


def run(*options: str) -> None:
    command.run(command.parse(["--run", "music_relative", "-o", "out.mid", *options]))


def notes(path) -> list[tuple[str, float, float, int]]:
    midi = pretty_midi.PrettyMIDI(str(path))
    return [
        (voice.name, note.start, note.end, note.pitch)
        for voice in midi.instruments
        for note in voice.notes
    ]


def test_an_opening_is_gone_on_with_and_heard(scale):
    (scale / "opening.mid").write_bytes(to_midi(CHORDS))
    run("--primer", "opening.mid", "--seconds", "3", "--audio", "out.ogg", "--roll", "out.png")
    given = 8 * SECONDS_PER_SIXTEENTH
    inside = [note for note in notes("opening.mid") if note[2] < given - 0.01]
    assert len(inside) == 3 and set(inside) <= set(notes("out.mid"))
    assert max(end for _, _, end, _ in notes("out.mid")) == pytest.approx(3.0, abs=0.01)
    samples, rate = soundfile.read("out.ogg")
    assert len(samples) / rate == pytest.approx(4.0, abs=0.1)
    assert np.abs(samples).max() > 0.1
    assert (scale / "out.png").read_bytes() == piano_roll((scale / "out.mid").read_bytes(), given)


def test_a_network_that_a_gpu_trained_answers_without_one(scale, monkeypatch, capsys):
    run("--seconds", "3")
    written = (scale / "out.mid").read_bytes()
    params = scale / "params.yaml"
    text = params.read_text().replace("numerics: reproducible", "numerics: native")
    params.write_text(text.replace("device: cpu ", "device: cuda "))
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    run("--seconds", "3")
    assert "music_relative: no GPU available, using the CPU\n" in capsys.readouterr().err
    assert (scale / "out.mid").read_bytes() == written


def test_what_is_repaired_of_an_opening_is_told_in_a_line(scale, capsys):
    held = [(0, on(60)), (240, on(60)), (240, END[1])]
    (scale / "opening.mid").write_bytes(midi(held))
    run("--primer", "opening.mid", "--seconds", "3")
    assert (
        "opening.mid: notes never ended, kept to the end of their track: 1; "
        "notes struck again before they ended, ended there: 1"
    ) in capsys.readouterr().err.splitlines()


def test_several_pieces_are_numbered_and_another_seed_composes_others(scale):
    run("--seconds", "2", "--count", "2")
    run("--seconds", "2", "--seed", "5", "-o", "other.mid")
    first, second = (notes(f"out_{number}.mid") for number in (1, 2))
    assert first != second
    assert notes("other.mid") not in (first, second)
    assert not (scale / "out.mid").exists()


def test_the_likeliest_alone_is_drawn_with_top_k_1(scale):
    for seed in ("1", "2"):
        run("--seconds", "2", "--top-k", "1", "--seed", seed, "-o", f"{seed}.mid")
    assert (scale / "1.mid").read_bytes() == (scale / "2.mid").read_bytes()


def test_several_tokens_a_pass_compose_the_same_if_they_are_the_likeliest(scale):
    options = ("--seconds", "2", "--top-k", "1", "--count", "2")
    run(*options, "-o", "one.mid")
    run(*options, "-o", "more.mid", "--decoding", "blockwise", "--proposer", "music_relative")
    for number in (1, 2):
        assert notes(f"one_{number}.mid") == notes(f"more_{number}.mid")


def test_a_melody_comes_back_in_four_voices(scale, capsys):
    alone = np.full_like(CHORDS, grid.SILENCE)
    alone[:, 0] = CHORDS[:, 0]
    (scale / "melody.mid").write_bytes(to_midi(alone))
    run("--harmonise", "melody.mid")
    melody, found = notes("melody.mid"), notes("out.mid")
    assert [note for note in found if note[0] == "soprano"] == melody
    assert {voice for voice, *_ in found} == set(grid.VOICES)
    assert "the silent voices of melody.mid composed" in capsys.readouterr().err


@pytest.mark.parametrize(("kept", "what"), [([], "no"), ([0, 1, 2, 3], "every")])
def test_a_piece_with_nothing_to_add_is_refused(kept, what):
    piece = np.full_like(CHORDS, grid.SILENCE)
    piece[:, kept] = CHORDS[:, kept]
    with pytest.raises(ConfigError, match=f"^--harmonise: {what} voice of the file has notes"):
        template_of(grid.to_ids(piece))


def test_voices_that_are_given_stay_whatever_is_composed():
    piece = np.full_like(CHORDS, grid.SILENCE)
    piece[:, [0, 3]] = CHORDS[:, [0, 3]]
    ids = harmonise(model(grid.SHAPE), grid.to_ids(piece), 3, SAMPLING, fill)
    voices = np.stack([grid.from_ids(each) for each in ids])
    assert (voices[:, :, [0, 3]] == CHORDS[:, [0, 3]]).all()
    assert len({each.tobytes() for each in voices}) == 3


def test_a_network_of_notes_does_not_harmonise():
    ids = events.to_ids(NOTES)
    with pytest.raises(ConfigError, match="^--harmonise needs a network of four voices"):
        harmonise(model(events.SHAPE), ids, 1, SAMPLING, fill)


def test_without_a_name_there_are_notes_and_sound(scale):
    command.run(command.parse(["--run", "music_relative", "--seconds", "2"]))
    assert notes("composed.mid")
    samples, rate = soundfile.read("composed.mp3")
    assert len(samples) / rate == pytest.approx(3.0, abs=0.2)


REFUSED = {
    "blocks": (["--decoding", "blockwise"], "music_relative has no proposals .*; name a small"),
    "a proposer alone": (["--proposer", "music_sinusoid"], "needs --decoding blockwise; add it"),
    "a proposer of images": (
        ["--decoding", "blockwise", "--proposer", "image_local_1d"],
        "--proposer image_local_1d: its ids are not those of music_relative; choose a run on chor",
    ),
    "a proposer that is no run": (
        ["--decoding", "blockwise", "--proposer", "music_relativ"],
        "runs.music_relativ does not exist; did you mean music_relative?",
    ),
    "a temperature": (["--temperature", "1e-40"], "--temperature = 1e-40: should be greater than"),
    "a seed": (["--seed", str(2**63)], "--seed = 9223372036854775808: should be less than"),
    "a folder": (["-o", "."], "--output .: should end in .mid or .midi"),
    "a roll over the piece": (["--roll", "out.mid"], "--roll out.mid: should end in .png"),
    "a top-k": (["--top-k", "0"], "--top-k = 0: should be greater than 0"),
    "a length": (["--primer", "opening.mid", "--seconds", "1"], "--seconds 1 leaves nothing to"),
    "a sound": (["--audio", "out.aac"], "--audio out.aac: should end in .ogg or .mp3"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_options_that_do_not_fit_are_told(scale, case):
    options, message = REFUSED[case]
    (scale / "opening.mid").write_bytes(to_midi(CHORDS))
    with pytest.raises(ConfigError, match=message):
        run(*options)


@pytest.mark.parametrize("seconds", ["nan", "inf", "0", "-3", "3601"])
def test_a_length_that_cannot_be_is_refused(seconds, capsys):
    with pytest.raises(SystemExit):
        command.parse(["--run", "music_relative", "-o", "out.mid", "--seconds", seconds])
    assert "--seconds: should be more than 0 and at most 3,600" in capsys.readouterr().err


def test_a_run_of_another_task_does_not_compose(scale):
    with pytest.raises(ConfigError, match="runs.image_local_1d.task = image does not compose"):
        command.run(command.parse(["--run", "image_local_1d", "-o", "out.mid"]))


def test_an_opening_of_other_voices_is_refused_with_the_remedy(scale):
    duo = pretty_midi.PrettyMIDI()
    for name in ("piano", "violin"):
        duo.instruments.append(pretty_midi.Instrument(0, name=name))
        duo.instruments[-1].notes.append(pretty_midi.Note(90, 60, 0.0, 1.0))
    duo.write("duo.mid")
    with pytest.raises(DataError, match="duo.mid: .* 'piano' is none of soprano.*; rename or re"):
        run("--primer", "duo.mid")
    (scale / "text.mid").write_bytes(b"no MIDI")
    with pytest.raises(DataError, match="text.mid: not a MIDI file; give a MIDI file with notes"):
        run("--primer", "text.mid")
    with pytest.raises(DataError, match="text.mid: not a MIDI file; give a MIDI file with notes"):
        read_primer(scale / "text.mid", events.SHAPE)


def test_a_performance_lasts_as_long_as_asked_and_keeps_its_opening(tmp_path):
    (tmp_path / "opening.mid").write_bytes(notes_to_midi(NOTES))
    opening, repairs = read_primer(tmp_path / "opening.mid", events.SHAPE)
    assert not repairs
    assert opening.tolist() == events.to_ids(NOTES).tolist()
    pieces = compose_for(model(events.SHAPE), opening, 4.0, 2, SAMPLING)
    assert len(pieces) == 2 and not np.array_equal(*(piece[:60] for piece in pieces))
    for piece in pieces:
        assert piece[: len(opening)].tolist() == opening.tolist()
        assert 2.5 < events.seconds_of(piece) <= 4.0


def test_sound_has_the_format_of_its_name():
    for suffix, name in ((".ogg", "OGG"), (".flac", "FLAC"), (".wav", "WAV")):
        content = composer.to_sound(notes_to_midi(NOTES), suffix)
        assert soundfile.info(io.BytesIO(content)).format == name
