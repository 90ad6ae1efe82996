"""play.html in Chromium: what the browser computes is what PyTorch computes."""

import json
import random
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from models import store
from pipeline.decoding.sampling import TO_SAMPLE, fill
from pipeline.errors import DataError
from pipeline.networks import PRETRAINED
from pipeline.settings.base import Sampling
from pipeline.tasks.translation.codec import BOS, EOS, Codec
from pipeline.tasks.translation.decoding.beam import search
from pipeline.tasks.translation.decoding.decode import GREEDY
from tests.publishing.host import served
from tests.reporting.accessibility import NEEDS_AXE, SCHEMES, WIDTHS, show, violations
from tests.reporting.browser import CHROMIUM, Browser, browser

pytest.importorskip("onnxscript", reason="the extra onnx is not installed")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
from pipeline.publishing.play import write_play  # noqa: E402 (needs the package above)

TOLERANCE = 1e-4
STRINGS = 10_000
SENTENCES = ["Turn on the light.", "The device is already configured.", "Invalid password"]
CODEC = Codec.load(PRETRAINED / "translation/encoded")
# Code points of ASCII (twice as often), Latin, Greek and Cyrillic, Japanese, pictures.
BLOCKS = [(32, 126), (32, 126), (160, 591), (880, 1279), (12352, 12543), (127744, 128591)]
ODD = ["", " ", "  two  spaces ", "▁", "<s> </s> <0x41>", "e\u0301", "\u2028\t\x00"]


@pytest.fixture(scope="module")
def address(tmp_path_factory) -> Iterator[str]:
    """The address of the page on a static host, in a folder of it."""
    root = tmp_path_factory.mktemp("host")
    folder = root / "some/where"
    folder.mkdir(parents=True)
    try:
        write_play("A <title>", "https://example.org/a/", folder)
    except DataError as error:
        pytest.skip(f"the runtime for browsers cannot be fetched: {error}")
    (folder / "strings.json").write_text(json.dumps(strings()), encoding="utf-8")
    with served(root) as host:
        yield f"{host}/some/where/play.html"


@pytest.fixture(scope="module")
def page(address, tmp_path_factory) -> Iterator[Browser]:
    """The page, with its networks loaded."""
    with browser(tmp_path_factory.mktemp("profile")) as opened:
        opened.open(address)
        failed = "!document.querySelector('#failure').hidden"
        opened.wait_for(f"'ready' in document.body.dataset || {failed}")
        assert not opened.evaluate(failed)
        yield opened


def strings() -> list[str]:
    """Sentences, joined pieces, and characters of every kind."""
    draw = random.Random(1)
    pieces = [piece.replace("▁", " ") for piece in CODEC.vocabulary()[260:]]
    found = [*SENTENCES, *ODD]
    while len(found) < STRINGS:
        if draw.random() < 0.5:
            parts = draw.choices(pieces, k=draw.randint(1, 12))
        else:
            block = draw.choice(BLOCKS)
            parts = [chr(draw.randint(*block)) for _ in range(draw.randint(1, 20))]
        found.append("".join(parts))
    return found


IMPORTED = """
    const { Network } = await import("./play/networks.js");
    const { Pieces } = await import("./play/translation/pieces.js");
    const { fill, likeliest } = await import("./play/sampling.js");
    const { translate } = await import("./play/translation/section.js");
    const { networks } = await (await fetch("play/networks.json")).json();
"""


def run(page: Browser, body: str, **values: Any) -> Any:
    """What a function returns that has the modules of the page and `values`."""
    given = "".join(f"const {name} = {json.dumps(value)};\n" for name, value in values.items())
    return page.evaluate(f"(async () => {{{IMPORTED}{given}{body}}})()")


def test_pieces_are_those_of_sentencepiece(page):
    body = """
        const pieces = new Pieces(networks.translation.pieces);
        const strings = await (await fetch("strings.json")).json();
        return strings.map((text) => {
            const ids = pieces.encode(text);
            return [ids, pieces.decode(ids)];
        });
    """
    found = run(page, body)
    assert len(found) == STRINGS
    for text, (ids, decoded) in zip(strings(), found, strict=True):
        assert ids == CODEC.encode(text), text
        assert decoded == CODEC.decode(ids), text


@pytest.mark.parametrize(("task", "first"), [("translation", BOS), ("image", 24), ("music", 129)])
def test_logits_are_those_of_torch_step_by_step_and_at_once(page, task, first):
    model = store.load(PRETRAINED / task / "model")
    torch.manual_seed(1)
    ids = [first, *torch.randint(4, model.shape.outputs, (40,)).tolist()]
    source = [*CODEC.encode(SENTENCES[1]), EOS] if task == "translation" else None
    with torch.no_grad():
        read = None if source is None else torch.tensor([source])
        expected = model.head.next_logits(model(torch.tensor([ids]), read))[0].numpy()
    body = """
        const network = await Network.load(networks[task]);
        await network.restart(source);
        const rows = [];
        for (const id of ids) rows.push(Array.from((await network.feed([id])).logits));
        await network.restart(source);
        return [rows, Array.from((await network.feed(ids)).logits)];
    """
    rows, last = run(page, body, task=task, source=source, ids=ids)
    assert np.abs(np.array(rows) - expected).max() < TOLERANCE
    assert np.abs(np.array(last) - expected[-1]).max() < TOLERANCE


def test_translations_are_those_of_greedy_search(page):
    model = store.load(PRETRAINED / "translation/model")
    body = """
        const network = await Network.load(networks.translation);
        const all = [];
        for (const source of sources) all.push((await translate(network, source)).found);
        return all;
    """
    found = run(page, body, sources=[CODEC.encode(text) for text in SENTENCES])
    for text, ids in zip(SENTENCES, found, strict=True):
        source = torch.tensor([*CODEC.encode(text), EOS])
        ((best,),) = search(model, [source], BOS, EOS, GREEDY, 50)
        assert ids == list(best.ids)


@pytest.mark.parametrize(("task", "first", "count"), [("image", 24, 64), ("music", 129, 120)])
def test_what_is_likeliest_is_what_torch_finds_likeliest(page, task, first, count):
    model = store.load(PRETRAINED / task / "model")
    known = [*[5] * 7, *[None] * (count - 7)]
    ids = [first, *(TO_SAMPLE if each is None else each for each in known)]
    sampling = Sampling(seed=1, temperature=1.0, top_k=1, top_p=1.0)
    expected = fill(model, torch.tensor([ids]), sampling)[0, 1:].tolist()
    body = """
        const network = await Network.load(networks[task]);
        const all = [];
        for await (const [, id] of fill(network, first, known, likeliest)) all.push(id);
        return all;
    """
    assert run(page, body, task=task, first=first, known=known) == expected


VIEWER = "document.querySelector('#translation .attention')"


def translate(page: Browser) -> None:
    """Translate the sentence that is there, and wait for what the heads attended to."""
    page.evaluate("document.querySelector('#translation form').requestSubmit()")
    page.wait_for(f"{VIEWER} !== null")


def test_a_sentence_is_translated_and_its_attention_shown(page):
    translate(page)
    shown = page.evaluate("document.querySelector('#translation output').textContent")
    assert shown == "Schalte die Leuchte ein."
    (sentence,) = json.loads(page.evaluate(f"{VIEWER}.dataset.sentences"))
    model = store.load(PRETRAINED / "translation/model")
    read = [BOS, *CODEC.encode(shown)], [*CODEC.encode(SENTENCES[0]), EOS]
    internals = model.internals(*(torch.tensor([ids]) for ids in read))
    for kind in ("encoder", "decoder", "cross"):
        expected = torch.cat(getattr(internals, f"{kind}_attention")).numpy() * 1000
        assert np.abs(np.array(sentence[kind]) - expected).max() < 0.6
    assert page.evaluate(f"{VIEWER}.querySelectorAll('.head').length") == 4


def pixels(page: Browser, section: str, width: int, height: int) -> np.ndarray:
    """The canvas of a section, (height, width, 4)."""
    canvas = f"document.querySelector('#{section} canvas').getContext('2d')"
    data = page.evaluate(f"Array.from({canvas}.getImageData(0, 0, {width}, {height}).data)")
    return np.array(data).reshape(height, width, 4)


def test_the_lower_half_of_a_digit_is_drawn(page):
    before = pixels(page, "image", 8, 8)
    page.evaluate("document.querySelector('#image form').requestSubmit()")
    page.wait_for("document.querySelector('#image [name=state]').value === 'drawn'")
    after = pixels(page, "image", 8, 8)
    assert np.array_equal(after[:4], before[:4]) and before[:4, :, 0].max() == 255
    levels = np.rint(np.arange(17) * 255 / 16)
    assert np.isin(after[4:, :, 0], levels).all() and len(np.unique(after[4:, :, 0])) > 2


CODES = {"Tab": 9, "Enter": 13, " ": 32, **{f"Arrow{way}": code for way, code in zip(
    ("Left", "Up", "Right", "Down"), range(37, 41), strict=True)}}  # fmt: skip


def press(page: Browser, *keys: str) -> None:
    """Press keys, one after the other, as a person does."""
    for key in keys:
        code = CODES.get(key, ord(key[0]))
        text = {"text": key} if len(key) == 1 else {}
        for kind in ("keyDown", "keyUp"):
            page.call(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=code, **text
            )


def test_a_digit_is_drawn_with_keys_and_read_out(page):
    page.evaluate("document.querySelector('#image [name=clear]').click()")
    page.evaluate("document.querySelector('#image canvas').focus()")
    told = "document.querySelector('#image [name=cell]').value"
    assert page.evaluate(told) == "Row 1, column 1, yours: light 0 of 9."
    press(page, "ArrowUp", " ", "ArrowRight", "5", "ArrowDown", "Enter", "ArrowDown", "3", "Enter")
    press(page, "ArrowLeft", "9", " ")
    levels = np.zeros((4, 8))
    levels[0, 0], levels[0, 1], levels[1, 1], levels[2, 1] = 16, round(5 * 16 / 9), 16, 16
    drawn = pixels(page, "image", 8, 8)[:, :, 0]
    assert np.array_equal(drawn[:4], np.rint(levels * 255 / 16))
    assert page.evaluate(told) == "Row 3, column 1, yours: light 0 of 9."
    press(page, "ArrowRight", "ArrowUp", "ArrowUp")
    assert page.evaluate(told) == "Row 1, column 2, yours: light 5 of 9."
    press(page, *["ArrowDown"] * 9)
    assert page.evaluate(told) == "Row 8, column 2, the network’s: not drawn yet."
    page.evaluate("document.querySelector('#image form').requestSubmit()")
    page.wait_for("document.querySelector('#image [name=state]').value === 'drawn'")
    drawn = pixels(page, "image", 8, 8)[:, :, 0]
    press(page, "9")  # which keys do not change
    assert np.array_equal(pixels(page, "image", 8, 8)[:, :, 0], drawn)
    light = int(drawn[7, 1] * 9 / 255 + 0.5)
    assert page.evaluate(told) == f"Row 8, column 2, the network’s: light {light} of 9."


def test_arrows_move_along_the_keys_of_the_keyboard_and_stop_at_its_ends(page):
    pitch = "Number(document.activeElement.dataset.pitch)"
    page.evaluate("""document.querySelector('#music [data-pitch="69"]').focus()""")
    press(page, "ArrowRight", "ArrowRight")
    assert page.evaluate(pitch) == 71
    press(page, *["ArrowLeft"] * 3)
    assert page.evaluate(pitch) == 68
    first = page.evaluate("Number(document.querySelector('.keyboard button').dataset.pitch)")
    press(page, *["ArrowLeft"] * (68 - first + 2))
    assert page.evaluate(pitch) == first


def test_who_prefers_less_motion_sees_the_digit_when_it_is_drawn(page):
    """And others its pixels one by one."""
    count = """new Promise((done) => {
        const context = CanvasRenderingContext2D.prototype;
        const form = document.querySelector("#image form");
        const put = context.putImageData;
        let count = 0;
        context.putImageData = function (...given) { count++; return put.apply(this, given); };
        form.requestSubmit();
        const wait = () => {
            if (form.elements.state.value !== "drawn") return setTimeout(wait, 20);
            context.putImageData = put;
            done(count);
        };
        wait();
    })"""
    for motion, shown in (("reduce", 2), ("no-preference", 34)):  # upper half, 32 pixels, all
        show(page, 1280, "light", motion)
        assert page.evaluate(count) == shown


FOCUSED = """(() => {
    const focused = document.activeElement;
    const shown = focused.type === "radio" ? focused.parentElement : focused;
    const { outlineStyle, outlineWidth } = getComputedStyle(shown);
    return [[...document.querySelectorAll("*")].indexOf(focused), outlineStyle, outlineWidth];
})()"""
CONTROLS = """[...document.querySelectorAll("*")].flatMap((each, index) => each.matches(
    "a[href], button, select, canvas[tabindex], input:not([type=radio]), input:checked"
) ? [index] : [])"""


def test_all_controls_are_reached_by_tab_and_show_the_focus(page):
    translate(page)
    show(page, 390, "dark")
    page.evaluate("document.querySelector('.skip').focus()")
    first, *others = page.evaluate(CONTROLS)
    assert page.evaluate(FOCUSED)[0] == first and len(others) >= 40
    for index in others:
        press(page, "Tab")
        focused, style, width = page.evaluate(FOCUSED)
        assert (focused, style) == (index, "solid") and width in ("2px", "3px")


@NEEDS_AXE
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_keeps_a_reader_out(page, width: int, scheme: str):
    translate(page)
    show(page, width, scheme)
    assert violations(page) == []


def processor_seconds(page: Browser) -> float:
    """What the page's thread computed so far: a busy machine is no failure."""
    metrics = page.call("Performance.getMetrics")["metrics"]
    (seconds,) = [each["value"] for each in metrics if each["name"] == "TaskDuration"]
    return seconds


# The minimal standard generator (Park and Miller 1988): of other draws some end in a long rest.
SEEDED = """(() => {
    let state = 1;
    Math.random = () => (state = (state * 48271) % 2147483647) / 2147483647;
})()"""


def test_a_motif_is_continued_faster_than_it_sounds(page):
    page.evaluate(SEEDED)
    page.call("Performance.enable", timeDomain="threadTicks")
    page.evaluate("""document.querySelector('#music [data-pitch="69"]').click()""")
    assert page.evaluate("document.querySelector('.motif').textContent") == "G4 A4 B4 C5 A4"
    started = processor_seconds(page)
    page.evaluate("document.querySelector('#music form').requestSubmit()")
    page.wait_for("document.querySelector('#music [name=state]').value === 'composed'", 600)
    assert 0 < processor_seconds(page) - started < 160 * 0.1875
    roll = pixels(page, "music", 640, 192)[..., 3] > 0
    assert roll.any(axis=0).mean() > 0.9  # at nearly all times something sounds
    motif = [67, 67, 67, 67, 69, 69, 69, 69]  # 16ths
    assert all(roll[(83 - pitch) * 4 + 2, 4 * index + 2] for index, pitch in enumerate(motif))


def test_nothing_is_asked_of_another_host_and_no_rule_is_broken(page, address):
    """After all that the other tests did."""
    asked = [event["request"]["url"] for event in page.happened("Network.requestWillBeSent")]
    own = (address.rpartition("/")[0], "data:", "blob:")
    assert len(asked) > 10 and not any(url.endswith("preview.png") for url in asked)
    assert [url for url in asked if not url.startswith(own)] == []
    assert page.happened("Runtime.exceptionThrown") == []
    told = [event["entry"] for event in page.happened("Log.entryAdded")]
    assert [each["text"] for each in told if each["level"] == "error"] == []


def test_without_webassembly_the_page_says_so(address, tmp_path):
    with browser(tmp_path) as opened:
        opened.open("about:blank")
        source = "delete globalThis.WebAssembly"
        opened.call("Page.addScriptToEvaluateOnNewDocument", source=source)
        opened.call("Page.navigate", url=address)
        opened.wait_for("document.readyState === 'complete'")
        opened.wait_for("!document.querySelector('#failure').hidden")
        told = opened.evaluate("document.querySelector('#failure').textContent")
        assert "WebAssembly, which is switched off in this browser" in told
