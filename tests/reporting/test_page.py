import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pretty_midi
import pytest

from pipeline import config
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.files import read_json, write_json
from pipeline.judging.claims import read_claims
from pipeline.judging.judgements import COMPARISONS, JUDGEMENTS
from pipeline.publishing.report import BESIDE
from pipeline.records import read_records, records_path
from pipeline.reporting import page
from pipeline.reporting.page import MAX_BYTES, render
from pipeline.reporting.published import read_published
from pipeline.tasks import part, specs
from pipeline.tasks.translation.metrics.statistics import BLEU
from tests.reporting.browser import CHROMIUM, Browser, browser
from tests.reporting.scale import ROOT, add_further_test, judge_scale, write_statistics

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """The elements of a page, and whether each is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def all(self, *tags: str) -> list[dict[str, str | None]]:
        return [attributes for tag, attributes in self.elements if tag in tags]


@pytest.fixture(scope="module")
def html(made_up_scale: Path) -> str:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made_up_scale)
        return render(config.load())


@pytest.fixture(scope="module")
def outline(html: str) -> Outline:
    return Outline(html)


def test_elements_are_nested(outline: Outline):
    assert outline.open == []


def test_headings_do_not_skip_levels(outline: Outline):
    levels = [int(tag[1]) for tag, _ in outline.elements if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in zip(levels, levels[1:], strict=False))


def test_pictures_have_a_text_or_are_hidden(outline: Outline):
    top_level = [each for each in outline.all("svg") if "x" not in each]
    assert len(top_level) > 20
    for each in top_level:
        assert each.get("aria-hidden") == "true" or each["aria-label"]
    assert all(each["aria-label"] for each in outline.all("audio"))


def test_every_target_of_a_link_is_there_once(outline: Outline):
    ids = [attributes["id"] for _, attributes in outline.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    targets = {each["href"][1:] for each in outline.all("a") if each["href"].startswith("#")}
    assert {"works", "translation", "image", "music", "claims", "method"} <= targets <= set(ids)


def test_nothing_is_loaded_from_outside(outline: Outline):
    for tag, attributes in outline.elements:
        assert "style" not in attributes  # the policy forbids it
        for key in ("src", "href", "data", "poster"):
            address = attributes.get(key) or ""
            if address and tag != "a":
                assert address.startswith("data:"), (tag, address[:80])


def test_all_runs_and_samples_are_shown(html: str, outline: Outline, made_up_scale: Path):
    for name in ("translation_sinusoid", "image_local_2d", "music_relative"):
        assert f"<code>{name}</code>" in html
    assert len(outline.all("audio")) == 11  # of eight pieces: three stand by themselves too
    downloads = [each["download"] for each in outline.all("a") if "download" in each]
    assert len(set(downloads)) == 8
    assert html.count('data-label="Hypothesis"') == 40
    assert len(html.encode()) < MAX_BYTES


def test_an_archived_run_names_the_commit_that_measured_it(scale: Params):
    path = Path("reports/measurements/music_relative.json")
    assert "Archived:" not in render(scale)
    write_json(path, read_json(path) | {"archived": {"commit": "1811a57"}})
    html = " ".join(render(scale).split())
    assert "Archived: measured by the code of an earlier commit" in html
    assert "<code>music_relative</code> (commit <code>1811a57</code>)" in html


def test_a_run_whose_samples_are_elsewhere_keeps_its_numbers(scale: Params, html: str):
    compared = "Is the difference real?"
    assert "Only the numbers are in this folder" not in html and html.count(compared) == 2
    for name in ("translation_sinusoid", "music_sinusoid"):
        shutil.rmtree(Path("runs") / name)
    page = render(scale)
    outline = Outline(page)
    assert outline.open == []
    note = re.search("Only the numbers are in this folder.*?</p>", page, re.DOTALL).group()
    assert re.findall("<code>(.*?)</code>", note)[2:] == ["translation_sinusoid", "music_sinusoid"]
    assert "nrefs:1|case:mixed" in html and "nrefs:1|case:mixed" in page  # the metric's signature
    assert page.count(compared) == html.count(compared)  # by the records, which git has
    assert len(outline.all("audio")) == 5
    assert 'id="translation-samples"' not in page and 'id="works-translation"' not in page
    assert 'id="translation-samples"' in html and 'id="works-translation"' in html
    assert "(BLEU, tokenised)" in page
    assert claims_of(page) == claims_of(html)
    scores = re.findall(r'data-label="Test score">(.*?)</td>', html, re.DOTALL)
    assert re.findall(r'data-label="Test score">(.*?)</td>', page, re.DOTALL) == scores


def claims_of(page: str) -> str:
    table = page[page.index('<section id="claims"') :]
    return table[: table.index("</section>")]


def test_a_run_without_records_is_in_no_comparison_and_its_claims_say_so(scale: Params, html: str):
    records_path("music_sinusoid").unlink()
    judge_scale()
    page = render(scale)
    assert page.count("Is the difference real?") == 1  # the images'
    missing = "<code>reports/records/music_sinusoid.parquet</code>"
    assert missing in claims_of(page) and missing not in claims_of(html)
    assert page.count("Transformer, sinusoids") < html.count("Transformer, sinusoids")


def test_comparisons_of_clusters_say_how_many_there_are(scale: Params, html: str):
    assert "Paired bootstrap over the test records (Koehn 2004)" in html
    for name in ("music_sinusoid", "music_relative"):
        nats = {"nats": [300.0, 310.0, 320.0], "tokens": [640, 640, 640]}
        write_statistics(Path(), name, scale.runs[name], nats, clusters=[0, 0, 1])
    judge_scale()
    assert "bootstrap over the 2 clusters of test records that are independent" in render(scale)


def test_a_run_without_a_curve_is_named(scale: Params, html: str):
    assert "Without a learning curve" not in html
    (Path("reports/curves") / "music_sinusoid.csv").unlink()
    note = "Without a learning curve in this folder: <code>music_sinusoid</code>."
    assert note in render(scale)


def test_a_run_of_another_family_is_shown_with_its_own_settings(scale: Params):
    raw = scale.model_dump(mode="json")
    raw["runs"]["image_local_2d"]["model"] = {
        "architecture": "pixelcnn",
        "num_layers": 6,
        "d_model": 64,
        "first_kernel_size": 7,
        "kernel_size": 3,
        "positions": {"kind": "none"},
        "dropout": 0.2,
    }
    text = render(Params.model_validate(raw, strict=False))
    for key, value in (("architecture", "pixelcnn"), ("first_kernel_size", 7)):
        assert f"<code>model.{key}</code></th><td>{value}</td>" in text
    assert text.count("<code>model.num_heads</code>") == len(raw["runs"]) - 1


def test_numbers_stand_with_interval_and_baseline(html: str):
    assert '<span class="value">23.4</span> <span class="interval">[21.9, 25.0]</span>' in html
    assert '<span class="value">2.422</span> <span class="unit">Given class and position' in html
    assert "1,312,768" in html
    assert "nrefs:1|case:mixed|eff:no|tok:13a|smooth:exp|version:2.6.0" in html


def test_searches_stand_in_a_table_with_bleu_and_length(html: str):
    assert html.count("Beam size and length penalty") == 1
    assert '<span class="value">24.60</span> <span class="interval">0.960</span>' in html


def test_embedded_data_is_marked_as_not_comparable(html: str):
    assert "not comparable with" in html
    numbers = sum(len(read_published().of_task(task)) for task in specs())
    assert html.count("other data</span>") == numbers


def test_other_data_is_not_claimed_for_data_from_elsewhere(scale: Params):
    source = {"kind": "folder", "path": "x", "origin": "o", "licence": "l"}
    raw = scale.model_dump(mode="json")
    raw["datasets"]["digits"]["source"] = source
    text = render(Params.model_validate(raw, strict=False))
    assert "other data</span>" not in text and "Compare with care" in text


def test_a_further_test_set_has_a_table_of_its_own(scale: Params):
    assert "Scores on the test set<" not in render(scale)
    add_further_test("translation_sinusoid", "test_2017", bleu=31.25)
    text = render(scale)
    assert (
        0
        < text.index("Scores on the test set<")
        < text.index("Scores on the further test set “2017”<")
    )
    assert text.count('<span class="value">31.2</span>') == 1
    assert Outline(text).open == []


def test_published_numbers_name_known_papers():
    published = read_published()
    for task in specs():
        assert published.of_task(task)
        assert all(published.authors_of(number) for number in published.of_task(task))
    assert set(published.numbers) == set(specs())


def test_equal_inputs_give_equal_bytes(scale: Params, html: str):
    assert render(scale) == html


PAYLOAD = "<script>alert(1)</script><svg/onload=alert(2)>\"'><img src=x onerror=alert(3)>"


def test_texts_from_data_are_escaped(scale: Params, html: str):
    def poison(path: Path, old: str, *, times: int = 1) -> None:
        text = path.read_text(encoding="utf-8")
        assert old in text
        escaped = PAYLOAD.replace("\\", "\\\\").replace('"', '\\"')
        path.write_text(text.replace(old, escaped, times), encoding="utf-8")

    poison(Path("runs/translation_sinusoid/samples/test.jsonl"), "Turn on the light", times=99)
    poison(
        Path("runs/translation_sinusoid/samples/test.jsonl"),
        "Ungültiges Zugriffstoken",
        times=99,
    )
    poison(Path("runs/music_relative/samples/samples.json"), "bwv253")
    poison(Path("reports/data/digits.json"), "tuya/de.json")
    poison(Path("reports/data/digits.json"), "longer than max_words")
    poison(Path("reports/data/digits.json"), "records")
    poison(Path("reports/measurements/translation_sinusoid.json"), "nrefs:1")
    raw = scale.model_dump(mode="json")
    raw["report"]["title"] = raw["runs"]["music_relative"]["title"] = PAYLOAD
    raw["datasets"]["digits"]["source"]["licence"] = PAYLOAD
    poisoned = Outline(render(Params.model_validate(raw, strict=False)))

    assert poisoned.open == []
    assert len(poisoned.all("script")) == len(Outline(html).all("script")) == 1
    assert not poisoned.all("img")
    assert not any(key.startswith("on") for _, each in poisoned.elements for key in each)


MISSING = [
    "reports/data/digits.json",
    "runs/translation_sinusoid/samples/test.jsonl",
    "runs/image_local_2d/samples/conditional.png",
    "runs/image_local_2d/samples/samples.json",
    "runs/music_relative/samples/samples.json",
    "runs/music_relative/samples/continuation_1.mid",
    "runs/music_relative/samples/continuation_1.mp3",
]


@pytest.mark.parametrize("name", MISSING)
def test_missing_file_is_named_with_the_remedy(scale: Params, name: str):
    Path(name).unlink()
    with pytest.raises(DataError, match=re.escape(name) + ": no such file; run .*dvc repro"):
        render(scale)


def test_a_run_that_waits_is_named_and_the_others_are_shown(scale: Params):
    Path("reports/measurements/image_local_2d.json").unlink()
    text = render(scale)
    assert "<summary>1 run of <code>params.yaml</code> not measured here</summary>" in text
    assert "<p><code>image_local_2d</code>.</p>" in text
    measured = json.loads((ROOT / "reports/benchmarks.json").read_text())  # of the default scale
    timed = sum("image_local_2d" in row["what"] for row in measured)
    assert text.count("image_local_2d") == 1 + timed


def test_sound_beyond_the_room_is_left_out_and_said(scale: Params, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(part("music", "reporting.page"), "AUDIO_BYTES", 180_000)
    outline = Outline(text := render(scale))
    assert len(outline.all("audio")) == 4  # two of each run: 40 kB each
    assert text.count("no room for more sound") == 4
    assert text.count("data:audio/midi") == 8


def test_images_of_one_class_are_not_said_to_be_drawn_for_one(scale: Params, html: str):
    path = Path("runs/image_local_1d/samples/samples.json")
    facts = json.loads(path.read_text())
    facts["conditional"]["rows"] = 1
    path.write_text(json.dumps(facts))
    text = render(scale)
    assert "Unprompted samples (" in " ".join(text.split()) and "all of one class" in text
    given = "Generated from the class label alone"
    assert text.count(given) == html.count(given) - 1 > 0


def test_of_many_skipped_records_the_first_20_are_shown(scale: Params):
    path = Path("reports/data/digits.json")
    facts = json.loads(path.read_text())
    facts["skipped"] = [{"record": f"picture {n:02}", "reason": "no"} for n in range(30)]
    path.write_text(json.dumps(facts))
    text = render(scale)
    assert "could not be read, the first 20; more in <code>reports/data/digits.json" in text
    assert "picture 19" in text and "picture 20" not in text


def test_only_chorales_have_a_legend_of_voices(scale: Params, html: str):
    samples = Path("runs/music_sinusoid/samples")
    entries = json.loads((samples / "samples.json").read_text())
    for entry in entries:
        midi = pretty_midi.PrettyMIDI()
        midi.instruments.append(pretty_midi.Instrument(0, name="piano"))
        midi.instruments[0].notes.append(pretty_midi.Note(90, 60, 1.0, 2.0))
        midi.write(str(samples / entry["file"]))
        entry.update(bar_seconds=None)
    (samples / "samples.json").write_text(json.dumps(entries))
    text = render(scale)
    for name, fewer in (("soprano", 2), ("given opening", 0)):
        assert text.count(f"</svg> {name}</li>") == html.count(f"</svg> {name}</li>") - fewer > 0


def test_page_that_is_too_large_is_refused(scale: Params, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(page, "MAX_BYTES", 100_000)
    with pytest.raises(DataError, match="more than 100,000; lower report.table_rows"):
        render(scale)


def test_every_claim_stands_with_a_verdict(html: str):
    table = claims_of(html)
    for claim in read_claims():
        assert f'id="claim-{claim.id}"' in table
    assert "without <code>tunes_relative</code>" in table
    counted = '<span class="counted">longest path between 64 positions in steps, self-attention:<'
    assert counted in table
    row = table[table.index('id="claim-relative_music"') :]
    row = row[: row.index("</details>")]
    assert row.count('class="strip effect"') == 2  # in the line, and in its details
    assert re.search(r"nats per token.*p \d\.\d{3}, published 0\.0600;", row, re.DOTALL)
    assert re.search(r"smallest effect 0\.\d{4}; 40 clusters, seeds 1 and 1", row)
    assert re.search(r'<path class="hollow" d="M[\d.]+ 5l5 5l-5 5l-5-5z"/>', row)
    assert re.search(r'<span class="tag[a-z ]*">[a-z]+</span> <span class="muted">one seed<', row)


def test_the_first_screen_counts_the_judged_claims_first_those_that_were_reproduced(scale: Params):
    path = Path("reports/claims.json")
    judgements = json.loads(path.read_text())
    verdicts = [claim["verdict"] for claim in judgements["claims"]]
    assert (verdicts.count("reproduced"), verdicts.count("inconclusive")) == (5, 1)
    judgements["claims"][verdicts.index("reproduced")]["verdict"] = "contradicted"
    path.write_text(json.dumps(judgements))
    text = render(scale)
    assert "claims of the\n  lecture, 6 were tested: <a" in text
    assert '<a href="#claims">4 reproduced, 1 contradicted, 1 inconclusive</a>' in text


def test_replicates_are_one_line_with_mean_spread_and_number(scale: Params, html: str):
    again = "music_relative_seed_2"
    path = Path("reports/measurements/music_relative.json")
    metrics = json.loads(path.read_text())
    metrics["music"]["test"]["nats_per_token"] = 0.5323
    path.with_stem(again).write_text(json.dumps(metrics))
    shutil.copy("reports/curves/music_relative.csv", f"reports/curves/{again}.csv")
    run = scale.runs["music_relative"]
    run = run.model_copy(update={"training": run.training.model_copy(update={"seed": 2})})
    nats = {"nats": np.linspace(280.0, 320.0, 40), "tokens": [640] * 40}
    write_statistics(Path(), again, run, nats)
    judge_scale()
    page = render(scale.model_copy(update={"runs": {**scale.runs, again: run}}))
    assert page.count('0.522</span> <span class="interval">± 0.014, 2 seeds</span>') == 2
    table = page[page.index('<table class="scores">', page.index('id="music"')) :]
    rows = re.findall(r'<th scope="row">(.*?)</th>', table[: table.index("</table>")])
    assert rows.count(run.title) == 1
    assert "seeds 2 and 1" in claims_of(page) and "one seed</span>" in claims_of(page)
    assert page.count("Is the difference real?") == html.count("Is the difference real?")


def test_commands_write_the_page_and_print_the_summary(scale: Params):
    def run(command: str) -> subprocess.CompletedProcess:
        return subprocess.run(
            [sys.executable, ROOT / "pipeline", command],
            env={"PATH": "/usr/bin:/bin"},
            capture_output=True,
            text=True,
        )

    assert "is not written yet" in run("summary").stdout
    shutil.rmtree("runs/music_relative/samples")
    failed = run("report")
    assert failed.returncode == 1
    assert re.fullmatch(r"error: runs/music_relative/\S+: no such file; .*\n", failed.stderr)
    assert not Path("reports/index.html").exists()


@pytest.fixture(scope="module")
def chromium(html: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The page in a browser, which must not complain or ask the network whatever a test does."""
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    folder = tmp_path_factory.mktemp("browser")
    path = folder / "index.html"
    path.write_text(html, encoding="utf-8")
    with browser(folder / "profile") as chromium:
        chromium.open(path)
        yield chromium
        assert not chromium.happened("Runtime.exceptionThrown")
        assert not chromium.happened("Runtime.consoleAPICalled")
        assert not chromium.happened("Log.entryAdded")
        requests = [
            each["request"]["url"] for each in chromium.happened("Network.requestWillBeSent")
        ]
        assert [url for url in requests if not url.startswith("data:")] == [path.resolve().as_uri()]


def test_every_sound_and_every_picture_is_there(chromium: Browser):
    durations = chromium.evaluate("[...document.querySelectorAll('audio')].map(a => a.duration)")
    assert len(durations) == 11
    assert all(9.6 < duration < 10.2 for duration in durations)
    loaded = chromium.evaluate(
        "Promise.all([...document.querySelectorAll('image')].map(image => {"
        "const copy = new Image(); copy.src = image.href.baseVal;"
        "return copy.decode().then(() => copy.naturalWidth); }))"
    )
    assert len(loaded) > 5 and all(width > 0 for width in loaded)


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_is_wider_than_the_screen(chromium: Browser, width: int):
    lay_out(chromium, width)
    assert chromium.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("width", [1280, 390])
def test_no_label_of_an_axis_is_cut(chromium: Browser, width: int):
    lay_out(chromium, width)
    left = chromium.evaluate(
        "[...document.querySelectorAll('.chart > svg')].flatMap(chart =>"
        "[...chart.querySelectorAll('text')].map(label =>"
        "label.getBoundingClientRect().left - chart.getBoundingClientRect().left))"
    )
    assert len(left) > 50 and min(left) >= 0


def test_no_label_of_a_cell_lies_over_its_value(chromium: Browser):
    lay_out(chromium, 390)
    room = chromium.evaluate(
        "[...document.querySelectorAll('.stacked td[data-label]')].map(cell =>"
        "parseFloat(getComputedStyle(cell).paddingLeft)"
        "- parseFloat(getComputedStyle(cell, '::before').width))"
    )
    assert len(room) > 50 and min(room) >= 0


def test_the_tables_of_costs_need_no_scrolling_on_a_desktop(chromium: Browser):
    lay_out(chromium, 1280)
    beyond = chromium.evaluate(
        "[...document.querySelectorAll('#costs .scroll, #relative .scroll')]"
        ".map(each => each.scrollWidth - each.clientWidth)"
    )
    assert beyond == [0, 0, 0]


def test_the_first_screen_shows_a_figure_and_plays_a_sound(chromium: Browser):
    chromium.call(
        "Emulation.setDeviceMetricsOverride",
        width=1280, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    bottoms = chromium.evaluate(
        "['#works-translation svg', '#works-image svg', '#works-music audio'].map(each =>"
        "document.querySelector(each).getBoundingClientRect().bottom + scrollY)"
    )
    assert all(0 < bottom <= 1500 for bottom in bottoms)


@pytest.mark.parametrize("width", [1280, 390])
def test_generated_images_keep_their_size(chromium: Browser, width: int):
    """A pixel of the drawing is one of the page, whatever the screen: so titles can be read."""
    lay_out(chromium, width)
    sizes = chromium.evaluate(
        "[...document.querySelectorAll('.sampled')].map(each =>"
        "[each.getBoundingClientRect().width, each.viewBox.baseVal.width])"
    )
    assert sizes and all(shown == drawn for shown, drawn in sizes)


def lay_out(chromium: Browser, width: int) -> None:
    """All of the page, on a screen of this width."""
    chromium.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=800, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    chromium.evaluate("document.querySelectorAll('details').forEach(each => { each.open = true; })")


def seek(chromium: Browser, seconds: float) -> None:
    chromium.evaluate(
        "new Promise(done => { const audio = document.querySelector('#music details audio');"
        "audio.addEventListener('seeked', done, {once: true});"
        f"audio.currentTime = {seconds}; }})"
    )


def arcs(chromium: Browser) -> list[str]:
    return chromium.evaluate(
        "[...document.querySelector('#music details .piece').querySelectorAll('.arc')]"
        ".map(arc => arc.getAttribute('d'))"
    )


def test_play_head_and_arcs_follow_the_sound(chromium: Browser, made_up_scale: Path):
    recorded = json.loads(
        (made_up_scale / "runs/music_sinusoid/records/from_nothing_0.arcs.json").read_text()
    )
    left, right, seconds = (
        chromium.evaluate(f"Number(document.querySelector('#music details .roll').dataset.{key})")
        for key in ("left", "right", "seconds")
    )
    for time in (0.05, 4.0, 7.3):
        seek(chromium, time)
        head = chromium.evaluate(
            "document.querySelector('#music details .playhead').getAttribute('transform')"
        )
        assert float(re.match(r"translate\(([\d.]+)", head)[1]) == pytest.approx(
            time / seconds * (right - left), abs=0.01
        )
        starts = [
            recorded["notes"][note][0]
            for note, *_ in recorded["arcs"]
            if recorded["notes"][note][0] <= time < recorded["notes"][note][1]
        ]
        drawn = [float(re.match(r"M([\d.]+)", path)[1]) for path in arcs(chromium)]
        expected = [left + start / seconds * (right - left) for start in starts]
        assert len(drawn) == min(3, len(expected))
        assert set(np.round(drawn, 2)) <= set(np.round(expected, 2))
    assert len(expected) == 8  # two heads of four voices


def test_a_head_can_be_chosen_and_keys_seek(chromium: Browser):
    seek(chromium, 4.0)
    both = arcs(chromium)
    assert len(both) == 3  # the strongest
    choose = (
        "(() => {{ const head = document.querySelectorAll('#music details.music-run select')[1];"
        "head.value = '{}'; head.dispatchEvent(new Event('change')); }})()"
    )
    chromium.evaluate(choose.format(1))
    assert len(arcs(chromium)) == 3 and set(arcs(chromium)) != set(both)
    chromium.evaluate(choose.format(""))

    chromium.evaluate("document.querySelector('#music details .roll').focus()")
    chromium.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight")
    chromium.wait_for("document.querySelector('#music details audio').currentTime === 5")
    chromium.wait_for(
        "document.querySelector('#music details .roll')"
        ".getAttribute('aria-valuetext').startsWith('5.0 seconds, ')"
    )


def test_a_click_on_a_roll_plays_from_there(chromium: Browser):
    seek(chromium, 0.0)
    lay_out(chromium, 1280)
    x, y = chromium.evaluate(
        "(() => { const roll = document.querySelector('#music details .roll');"
        "roll.scrollIntoView({block: 'center'}); const box = roll.getBoundingClientRect();"
        "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    for kind in ("mousePressed", "mouseReleased"):
        chromium.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)
    chromium.wait_for("!document.querySelector('#music details audio').paused")
    assert chromium.evaluate("document.querySelector('#music details audio').currentTime") > 3
    chromium.evaluate("document.querySelector('#music details audio').pause()")


def test_who_wants_less_motion_sees_arcs_only_at_rest(chromium: Browser):
    feature = {"name": "prefers-reduced-motion", "value": "reduce"}
    chromium.call("Emulation.setEmulatedMedia", features=[feature])
    seek(chromium, 4.0)
    assert arcs(chromium)
    chromium.evaluate("document.querySelector('#music details audio').play()")
    chromium.wait_for("!document.querySelector('#music details .arc')")
    chromium.evaluate("document.querySelector('#music details audio').pause()")
    chromium.wait_for("document.querySelector('#music details .arc') !== null")
    chromium.call("Emulation.setEmulatedMedia", features=[])


def test_a_comparison_says_where_case_is_ignored(scale: Params):
    first, second = "translation_sinusoid", "translation_again"
    shutil.copytree(f"runs/{first}", f"runs/{second}")
    for file in ("measurements/{}.json", "curves/{}.csv"):
        shutil.copy(Path("reports", file.format(first)), Path("reports", file.format(second)))
    twice = scale.model_copy(update={"runs": {**scale.runs, second: scale.runs[first]}})
    shutil.copy(records_path(first), records_path(second))
    judge_scale()
    note = "none of the scores above: case is ignored, because these networks write lower case"
    assert note not in " ".join(render(twice).split())
    of_bleu = read_records(first).splits["test"].statistics
    ignoring_case = {f"lowercase_{key}": of_bleu[key] for key in BLEU}
    for name in (first, second):
        write_statistics(Path(), name, scale.runs[first], {**of_bleu, **ignoring_case})
    judge_scale()
    text = " ".join(render(twice).split())
    assert note in text and "Difference in BLEU, case ignored" in text


def test_runs_of_the_same_title_are_told_apart_by_their_keys(html: str):
    rows = re.findall(r'<th scope="row">(.*)</th>\s*<td data-label="Test score">', html)
    assert rows[0] == "Transformer<br><code>translation_sinusoid</code>"
    assert len(set(rows)) == len(rows) == 8


def test_a_metric_that_a_task_does_not_have_is_told_with_the_file(scale: Params):
    for path, where in ((JUDGEMENTS, "claims"), (COMPARISONS, "comparisons")):
        text = path.read_text()
        path.write_text(text.replace('"metric": "nats_per_token"', '"metric": "nats"'))
        with pytest.raises(DataError) as raised:
            render(scale)
        assert str(raised.value) == (
            f"reports/{where}.json: metric = nats is not a metric of music; run `dvc repro judge`"
        )
        path.write_text(text)


def test_bicubic_interpolation_is_defined_where_it_stands(html: str):
    assert html.count("Bicubic interpolation</strong>: a logistic around the interpolated") == 1
    row = re.search(r"<code>image_enlarged</code></th>.*?</tr>", html, re.DOTALL).group()
    assert '<span class="value">2.422</span> <span class="unit">Given position</span>' in row


@pytest.mark.parametrize(
    ("name", "score", "cased"),
    [
        ("multi30k_lowercase_sinusoid", "39.8", "7.7"),
        ("multi30k_lowercase_relative", "41.8", "8.3"),
        ("multi30k_sinusoid", "38.9", None),
    ],
)
def test_networks_of_small_letters_are_judged_without_case(
    monkeypatch: pytest.MonkeyPatch, name: str, score: str, cased: str | None
):
    monkeypatch.chdir(ROOT / "paper")
    text = render(config.load())
    runs = text[text.index('id="summary"') :]
    row = re.search(rf"<code>{name}</code></th>.*?</tr>", runs, re.DOTALL).group()
    assert f'<span class="value">{score}</span>' in row
    if cased is not None:
        assert "BLEU, lower-cased" in row and "none by this metric" in row
        assert f'<span class="value">{cased}</span>' not in row
    else:
        assert "lower-cased" not in row and "Source copied" in row


SHADES = (
    "[...document.querySelectorAll('.head')].map(head => [...head.querySelectorAll('.key')]"
    ".findIndex(key => Number(key.style.getPropertyValue('--weight')) === 1))"
)


def test_a_piece_under_the_pointer_shows_what_each_head_attends_to(chromium: Browser):
    assert chromium.evaluate(SHADES) == [0, 0, 0, 0]
    x, y = chromium.evaluate(
        "(() => { const piece = document.querySelectorAll('.piece-choice')[2];"
        "piece.scrollIntoView({block: 'center'}); const box = piece.getBoundingClientRect();"
        "return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    chromium.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    chromium.wait_for(f"String({SHADES}) === '2,1,0,0'")
    summary = chromium.evaluate("document.querySelector('.attention [aria-live]').textContent")
    assert summary.startswith("“ein” attends: head 1 most at “the” (100 %), head 2 most at “on”")


def test_kind_of_attention_can_be_chosen(chromium: Browser):
    # The browser lets a resting pointer enter a new piece beneath it, at a moment of its own.
    chromium.call("Input.dispatchMouseEvent", type="mouseMoved", x=0, y=0)
    set_value(chromium, "kind", "encoder")
    assert chromium.evaluate("document.querySelectorAll('.piece-choice').length") == 6
    chromium.evaluate("document.querySelectorAll('.piece-choice input')[4].click()")
    assert chromium.evaluate(SHADES) == [4, 3, 2, 1]


def set_value(chromium: Browser, name: str, value: str) -> None:
    chromium.evaluate(
        f"(() => {{ const control = document.querySelector('select[name={name}]');"
        f"control.value = '{value}'; control.dispatchEvent(new Event('change')); }})()"
    )


def test_a_pinned_query_stays_until_it_is_released(chromium: Browser):
    def do(number: int, event: str) -> list[int]:
        chromium.evaluate(f"document.querySelectorAll('.piece-choice')[{number}].{event}")
        return chromium.evaluate(SHADES)

    point, click = "dispatchEvent(new Event('pointerenter'))", "querySelector('input').click()"
    set_value(chromium, "kind", "encoder")
    set_value(chromium, "sentence", "0")  # releases what was pinned
    assert do(3, point) == [3, 2, 1, 0]
    assert do(4, click) == [4, 3, 2, 1]
    assert do(2, point) == [4, 3, 2, 1]
    set_value(chromium, "kind", "cross")
    assert chromium.evaluate("document.querySelectorAll('.piece-choice').length") == 3
    assert chromium.evaluate("document.querySelectorAll('.piece-choice')[2].className").endswith(
        "pinned"
    )  # the last there is
    assert do(2, click) == [2, 1, 0, 0]
    assert do(1, point) == [1, 0, 0, 0]


def test_a_click_or_an_arrow_key_makes_another_pixel_the_query(chromium: Browser):
    """The pictures of local attention; each view is the one that was computed for that query."""
    picture = "document.querySelector('#image-neighbourhoods-local-2d svg')"

    def shown() -> tuple[int, str, str]:
        query = chromium.evaluate(
            f"[...{picture}.querySelectorAll('.cell')].findIndex(each => each.matches('.query'))"
        )
        label = "text[data-kind=M]"
        return (
            query,
            chromium.evaluate(f"{picture}.querySelector('{label}').getAttribute('visibility')"),
            chromium.evaluate(f"{picture}.getAttribute('aria-valuetext')"),
        )

    assert shown()[0] == 53
    chromium.evaluate(
        f"{picture}.querySelectorAll('.cell')[9].dispatchEvent(new MouseEvent('click'))"
    )
    seen = "1 layer sees 5 of the 5 pixels generated before the query."
    assert shown() == (9, "hidden", f"row 2, column 2: {seen}")
    for key, query in (("ArrowDown", 17), ("ArrowLeft", 16), ("ArrowLeft", 16), ("ArrowUp", 8)):
        chromium.evaluate(
            f"{picture}.dispatchEvent(new KeyboardEvent('keydown', {{key: '{key}'}}))"
        )
        assert shown()[0] == query
    titles = f"[...{picture}.querySelectorAll('title')].slice(7, 10).map(each => each.textContent)"
    assert chromium.evaluate(titles) == [
        "row 1, column 8: not seen",
        "row 2, column 1: query",
        "row 2, column 2: later in the block",
    ]


def test_as_slides_each_figure_fills_a_screen(html: str, tmp_path: Path):
    if CHROMIUM is None:
        pytest.skip("Chromium is not installed")
    (path := tmp_path / "index.html").write_text(html, encoding="utf-8")
    with browser(tmp_path / "profile") as chromium:
        chromium.open(path)
        chromium.call("Page.navigate", url=path.resolve().as_uri() + "?slides")
        chromium.wait_for("document.querySelectorAll('.slide').length > 0")
        heights = chromium.evaluate(
            "[...document.querySelectorAll('.slide')].map(each => each.offsetHeight / innerHeight)"
        )
        assert len(heights) > 20 and all(height >= 1 for height in heights)
        chromium.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight")
        chromium.wait_for(
            "Math.abs(document.querySelectorAll('.slide')[1].getBoundingClientRect().top) < 2"
        )
        sizes = chromium.evaluate(
            "[...document.querySelectorAll('.slide figcaption')].map(each =>"
            "parseFloat(getComputedStyle(each).fontSize))"
        )
        assert min(sizes) >= 24


def test_publishing_finds_where_its_links_go(html: str):
    places = ("<title>", "script-src '", "</main>")
    assert html.count(BESIDE) == 1 and all(place in html for place in places)
