"""Graphs of ONNX compute what the networks compute: at once, in steps, and their greedy tokens."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from models import store
from models.build import build
from models.settings import Embeddings, LogisticMixture, Structure
from models.shared.base import AutoregressiveModel
from models.transformer.encoder_decoder import EncoderDecoder
from pipeline import __main__ as commands
from pipeline import export
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.errors import ConfigError
from pipeline.networks import PRETRAINED
from pipeline.settings.base import Sampling
from pipeline.tasks.translation.codec import BOS, EOS, Codec
from pipeline.tasks.translation.decoding.beam import search
from pipeline.tasks.translation.decoding.decode import GREEDY
from pipeline.tasks.translation.huggingface import export_network
from tests.models.baselines import LSTM
from tests.models.networks import (
    COLOUR,
    IMAGE,
    LEARNED,
    LOCAL_1D,
    LOCAL_2D,
    MIXTURE,
    ROTARY,
    SHAW,
    SINUSOID,
    SINUSOID_2D,
    SKEWED,
    TEXT,
    VOICES,
    settings,
)

pytest.importorskip("onnxscript")
onnxruntime = pytest.importorskip("onnxruntime")
from pipeline.exporting.onnx_files import write_onnx  # noqa: E402 (needs the packages above)

TOLERANCE = 1e-4
LENGTH = 11
NETWORKS = {
    "skewed, of voices": (Structure.DECODER, SKEWED, None, VOICES),
    "rotary": (Structure.DECODER, ROTARY, None, TEXT),
    "local 2-D, of pixels": (Structure.DECODER, SINUSOID_2D, LOCAL_2D, IMAGE),
    "local 1-D, relative": (Structure.DECODER, SKEWED, LOCAL_1D, IMAGE),
    "translator, Shaw et al.": (Structure.ENCODER_DECODER, SHAW, None, TEXT),
    "translator, learned": (Structure.ENCODER_DECODER, LEARNED, None, TEXT),
}


class Graphs:
    """The graphs of a network, and what they keep of the ids that they were fed."""

    def __init__(self, model: AutoregressiveModel, folder: Path) -> None:
        self._sessions = {
            path.stem: onnxruntime.InferenceSession(path) for path in write_onnx(model, folder)
        }
        size = model.settings
        shape = size.num_layers, 1, size.num_heads, 0, size.d_model // size.num_heads
        self._empty = np.zeros(shape, np.float32)
        self.restart(None)

    def restart(self, source: Tensor | None) -> None:
        """Forget what was fed, and read a source (1, position)."""
        self._inputs = {"keys": self._empty, "values": self._empty}
        if source is not None:
            keys, values, self.weights = self._run("encoder", source=source.numpy())
            self._inputs |= {"memory_keys": keys, "memory_values": values}

    def feed(self, ids: Tensor) -> np.ndarray:
        """Return the logits (fed, outputs) after each of ids (1, fed)."""
        logits, keys, values, *self.attention = self._run(
            "decoder", ids=ids.numpy(), **self._inputs
        )
        self._inputs |= {"keys": keys, "values": values}
        return logits

    def _run(self, graph: str, **inputs: np.ndarray) -> list[np.ndarray]:
        return self._sessions[graph].run(None, inputs)


@pytest.mark.parametrize("name", NETWORKS)
def test_logits_and_attention_are_those_of_the_network(name, tmp_path):
    structure, positions, attention, shape = NETWORKS[name]
    torch.manual_seed(1)
    pattern = {} if attention is None else {"attention": attention}
    model = build(settings(structure, positions, **pattern), shape).eval()
    ids = torch.randint(1, shape.outputs, (1, LENGTH))
    source = torch.randint(1, shape.outputs, (1, 9)) if isinstance(model, EncoderDecoder) else None
    graphs = Graphs(model, tmp_path)
    with torch.no_grad():
        expected = model.head.next_logits(model(ids, source))[0].numpy()
    internals = model.internals(ids, source)
    graphs.restart(source)
    assert np.abs(graphs.feed(ids) - expected).max() < TOLERANCE
    seen = [internals.decoder_attention, internals.cross_attention][: len(graphs.attention)]
    for found, wanted in zip(graphs.attention, seen, strict=True):
        assert np.abs(found - torch.cat(wanted).numpy()).max() < TOLERANCE
    if source is not None:
        wanted = torch.cat(internals.encoder_attention).numpy()
        assert np.abs(graphs.weights - wanted).max() < TOLERANCE
    graphs.restart(source)
    steps = [graphs.feed(part) for part in ids.split([1, 1, 4, 1, 1, 3], dim=1)]
    assert np.abs(np.concatenate(steps) - expected).max() < TOLERANCE


def greedy(graphs: Graphs, ids: list[int], count: int, end: int | None = None) -> list[int]:
    """The likeliest ids after `ids`, `count` at most or until `end`."""
    fed = list(ids)
    while len(fed) < len(ids) + count and fed[-1] != end:
        new = fed if len(fed) == len(ids) else fed[-1:]
        fed.append(int(graphs.feed(torch.tensor([new]))[-1].argmax()))
    return fed


def test_pretrained_translations_are_the_same(tmp_path):
    model = store.load(PRETRAINED / "translation/model")
    codec = Codec.load(PRETRAINED / "translation/encoded")
    graphs = Graphs(model, tmp_path)
    for text in ("Turn on the light.", "The device is already configured.", "Invalid password"):
        source = torch.tensor([[*codec.encode(text), EOS]])
        ((best,),) = search(model, [source[0]], BOS, EOS, GREEDY, 50)
        graphs.restart(source)
        assert greedy(graphs, [BOS], len(source[0]) + 50, EOS)[1:] == [*best.ids, EOS]


@pytest.mark.parametrize(("task", "first", "count"), [("music", 129, 160), ("image", 24, 64)])
def test_what_is_likeliest_of_music_and_of_images_is_the_same(task, first, count, tmp_path):
    model = store.load(PRETRAINED / task / "model")
    template = torch.full((1, 1 + count), TO_SAMPLE)
    template[0, 0] = first
    sampling = Sampling(seed=1, temperature=1.0, top_k=1, top_p=1.0)
    expected = fill(model, template, sampling)[0].tolist()
    assert greedy(Graphs(model, tmp_path), [first], count) == expected


def test_files_are_equal_and_name_no_folder_of_this_machine(tmp_path):
    model = store.load(PRETRAINED / "image/model")
    found = []
    for name in ("one", "other"):
        (tmp_path / name).mkdir()
        (path,) = write_onnx(model, tmp_path / name)
        found.append(path.read_bytes())
    assert found[0] == found[1]
    assert str(Path(__file__).parents[2]).encode() not in found[0] and b".py" not in found[0]


def test_a_network_without_graphs_is_refused(tmp_path):
    with pytest.raises(ValueError, match="model.architecture = lstm.* is not exported"):
        write_onnx(build(LSTM, TEXT), tmp_path)
    mixture = settings(
        Structure.DECODER, SINUSOID_2D, output=MIXTURE, embeddings=Embeddings.SEPARATE
    )
    assert isinstance(mixture.output, LogisticMixture)
    with pytest.raises(ValueError, match="only Transformers that predict an id by a softmax are"):
        write_onnx(build(mixture, COLOUR), tmp_path)


def test_the_command_writes_what_another_program_needs(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    export.main("translation_sinusoid", "onnx", Path("out"))
    files = "config.json, decoder.onnx, encoder.onnx, pieces.model"
    assert capsys.readouterr().out == f"out: {files}\n"
    with pytest.raises(ConfigError, match="task = music has no such format; choose onnx"):
        export.main("music_relative", "ctranslate2", Path("other"))
    assert not Path("other").exists()


@pytest.mark.parametrize("chosen", [*export.Format])
def test_every_format_is_offered(chosen, monkeypatch):
    monkeypatch.setattr("sys.argv", ["pipeline", "export", "run", "--format", chosen, "--to", "a"])
    assert commands.parse() == ("export", ["run", chosen, Path("a")])


def test_transformers_loads_what_the_command_writes(tmp_path, monkeypatch, capsys):
    transformers = pytest.importorskip("transformers")
    monkeypatch.chdir(tmp_path)
    export.main("translation_sinusoid", "huggingface", Path("out"))
    theirs, told = transformers.AutoModelForSeq2SeqLM.from_pretrained(
        "out", output_loading_info=True
    )
    assert not any(told.values())
    ours = store.load(PRETRAINED / "translation/model")
    torch.manual_seed(1)
    source, target = torch.randint(4, 4000, (2, 9)), torch.randint(4, 4000, (2, 7))
    with torch.no_grad():
        found = theirs.eval()(input_ids=source, decoder_input_ids=target).logits
        expected = ours.head.next_logits(ours(target, source))
    assert (found - expected).abs().max() < TOLERANCE
    codec = Codec((tmp_path / "out/pieces.model").read_bytes())
    ids = torch.tensor([[*codec.encode("Turn on the light."), EOS]])
    generated = theirs.generate(input_ids=ids, max_new_tokens=50, num_beams=1, do_sample=False)
    assert codec.decode(generated[0].tolist()) == "Schalte die Leuchte ein."


def test_a_network_that_is_no_pegasus_is_refused(tmp_path):
    post = build(settings(Structure.ENCODER_DECODER, SINUSOID), TEXT)
    with pytest.raises(ValueError, match="sinusoid, model.norm = post is not exported"):
        export_network(post, tmp_path, tmp_path)


def test_ctranslate2_loads_what_the_command_writes(tmp_path, monkeypatch):
    ctranslate2 = pytest.importorskip("ctranslate2")
    monkeypatch.chdir(tmp_path)
    export.main("translation_sinusoid", "ctranslate2", Path("out"))
    codec = Codec((tmp_path / "out/pieces.model").read_bytes())
    pieces = codec.vocabulary()
    translator = ctranslate2.Translator("out", compute_type="float32")
    source = codec.encode("Turn on the light.")
    found = translator.translate_batch([[pieces[index] for index in [*source, EOS]]], beam_size=1)
    assert [pieces.index(piece) for piece in found[0].hypotheses[0]] == codec.encode(
        "Schalte die Leuchte ein."
    )
