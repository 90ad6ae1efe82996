"""The published folder: whole or not at all, true to the results, escaped, the same each time."""

import csv
import dataclasses
import json
import re
import shutil
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import numpy as np
import pretty_midi
import pytest
import soundfile
from huggingface_hub import ModelCard
from PIL import Image
from ruamel.yaml import YAML
from sacrebleu.metrics import BLEU

from pipeline import config, publish
from pipeline.config import Params
from pipeline.errors import DataError, PipelineError
from pipeline.files import write_json
from pipeline.judging.judgements import Verdict, read_comparisons, read_judgements
from pipeline.publishing.cards import card
from pipeline.publishing.markdown import code, table
from pipeline.publishing.publication import publication_of
from pipeline.publishing.report import BESIDE
from pipeline.publishing.tables import tables
from pipeline.records import read_records
from pipeline.reporting.inline import content_hash
from pipeline.reporting.results import PAGE, finished, read_data_facts, read_results
from pipeline.tasks.translation.metrics.statistics import BLEU as BLEU_STATISTICS
from pipeline.tasks.translation.metrics.statistics import bleu
from pipeline.tasks.translation.settings import Convention, LetterCase
from tests.reporting.scale import METRICS, ROOT, add_further_test, write_scale

TRANSLATING, MUSICAL = "translation_sinusoid", "music_relative"


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The made-up scale with a page and the model of one run."""
    folder = tmp_path_factory.mktemp("scale")
    write_scale(folder)
    text = f"<meta content=\"script-src 'a'\"><title>page</title><ul>{BESIDE}</ul><main>1</main>"
    (folder / PAGE).write_text(text, encoding="utf-8")
    model = folder / "runs" / TRANSLATING / "model"
    model.mkdir()
    (model / "model.safetensors").write_bytes(b"weights")
    (model / "config.json").write_text("{}\n")
    return folder


@pytest.fixture
def scale(made_once: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Params:
    """A copy that the test may damage, as the current folder."""
    shutil.copytree(made_once, tmp_path / "scale")
    monkeypatch.chdir(tmp_path / "scale")
    monkeypatch.setattr(publish, "can_play", lambda: False)  # tests/publishing does
    return config.load()


@pytest.fixture
def public(scale: Params) -> Path:
    publish.main()
    return Path("public")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def bytes_of(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def edit(path: str, change) -> None:
    value = json.loads(Path(path).read_text(encoding="utf-8"))
    change(value)
    write_json(Path(path), value)


class Links(HTMLParser):
    """The addresses of all links of a page."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name == "href"]


def test_the_page_is_published_as_it_is_but_for_what_is_added(public: Path):
    published = (public / "index.html").read_text(encoding="utf-8")
    about = re.search(r"<meta name=\"description\".*?(?=<title>)", published, re.DOTALL)[0]
    (script,) = re.findall("<script>(.*?)</script>", published, re.DOTALL)
    cite = re.search(r"<section id=\"cite\".*?</section>\n", published, re.DOTALL)[0]
    links = '<li><a href="#cite">Cite</a></li><li><a href="files.html">Files</a></li>'
    page = PAGE.read_text(encoding="utf-8")
    assert page == (
        published.replace(about, "")
        .replace(f"'{content_hash(script)}' ", "")
        .replace(links, BESIDE)
        .replace(cite, "")
    )


class Tags(HTMLParser):
    """The content of the tags of a page by name or property."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        told = dict(attrs)
        if tag == "meta" and (name := told.get("property") or told.get("name")):
            self.found[name] = told["content"]


PREVIEWS = [
    ("index.html", "", "Transformers and self-attention for generative models, reproduced"),
    ("files.html", "files.html", "Files of Transformers and self-attention for generative models"),
]


@pytest.mark.parametrize(("page", "path", "title"), PREVIEWS)
def test_with_an_address_links_have_previews(scale: Params, page: str, path: str, title: str):
    publish.main("https://example.org/a")
    tags = Tags(Path("public", page).read_text(encoding="utf-8")).found
    assert tags["og:title"].startswith(title)
    assert tags["og:description"] == tags["description"] != ""
    assert tags["og:url"] == f"https://example.org/a/{path}"
    assert tags["og:image"] == "https://example.org/a/preview.png"
    assert tags["twitter:card"] == "summary_large_image"
    with Image.open("public/preview.png") as picture:
        assert (str(picture.width), str(picture.height)) == (
            tags["og:image:width"],
            tags["og:image:height"],
        )


def test_without_an_address_what_needs_one_is_left_out_and_that_is_said(scale: Params, capsys):
    publish.main()
    for page in ("index.html", "files.html"):
        tags = Tags(Path("public", page).read_text(encoding="utf-8")).found
        assert {name for name in tags if name.startswith("og:")} == {
            "og:type",
            "og:title",
            "og:description",
        }
        assert tags["twitter:card"] == "summary"
    assert not Path("public/preview.png").exists()
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "--address" in line]
    assert line == "no picture and no address for previews of links: they need --address"


def test_a_wrong_address_is_refused_before_anything_is_written(scale: Params):
    with pytest.raises(PipelineError, match="--address here: not the address of a folder"):
        publish.main("here")
    assert not Path("public").exists()


def test_a_page_of_an_earlier_version_is_named(scale: Params):
    PAGE.write_text("<title>page</title><main></main>", encoding="utf-8")
    with pytest.raises(DataError, match="index.html: has no script-src '; write it anew"):
        publish.main()


def test_the_listing_links_every_file_and_no_other(public: Path):
    links = Links((public / "files.html").read_text(encoding="utf-8")).found
    assert {unquote(link) for link in links} == bytes_of(public).keys() - {"files.html"}


def test_publishing_twice_gives_the_same_bytes(public: Path):
    first = bytes_of(public)
    publish.main()
    assert bytes_of(public) == first


def test_real_sound_has_the_same_bytes_and_the_length_of_the_piece(scale: Params, tmp_path: Path):
    result = next(each for each in read_results(scale) if each.name == MUSICAL)
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
        publication_of(result.run.task).write_samples(result, tmp_path / folder)
    assert bytes_of(tmp_path / "first") == bytes_of(tmp_path / "second")
    midi = pretty_midi.PrettyMIDI(str(tmp_path / "first/from_nothing_0.mid"))
    sound = soundfile.info(tmp_path / "first/from_nothing_0.mp3")
    assert sound.duration == pytest.approx(midi.get_end_time(), abs=1.0)


def test_each_run_has_its_samples_curve_and_card(public: Path, scale: Params):
    for name, run in scale.runs.items():
        suffixes = {path.suffix for path in (public / "samples" / name).iterdir()}
        assert (
            suffixes
            == {
                "translation": {".txt"},
                "image": {".png", ".json"},
                "music": {".mid", ".mp3", ".png", ".json"},
                "molecules": {".csv"},
                "classification": {".csv"},
            }[run.task]
        )
        curve = Path(f"curves/{name}.csv")
        assert (public / curve).read_bytes() == (Path("reports") / curve).read_bytes()
        assert (public / "models" / name / "README.md").exists()


def test_published_translations_have_the_bleu_that_was_measured(public: Path, scale: Params):
    folder = public / "samples" / TRANSLATING
    hypotheses, references = (
        (folder / f"test.{column}.txt").read_text(encoding="utf-8").splitlines()
        for column in ("hypothesis", "reference")
    )
    records = read_records(TRANSLATING).splits["test"].statistics
    measured = bleu(np.array([records[name].sum() for name in BLEU_STATISTICS]))
    assert BLEU().corpus_score(hypotheses, [references]).score == pytest.approx(measured, abs=1e-9)


def test_a_line_break_in_a_translation_does_not_shift_the_lines(scale: Params):
    path = Path("runs") / TRANSLATING / "samples/test.jsonl"
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[0] = json.dumps(json.loads(lines[0]) | {"hypothesis": "one\r\ntwo"})
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    publish.main()
    folder = Path("public/samples") / TRANSLATING
    text = (folder / "test.hypothesis.txt").read_bytes().decode()
    assert text.startswith("one  two\n")
    assert text.count("\n") == len(lines) and "\r" not in text


def test_scores_are_those_that_were_measured(public: Path):
    scores = rows(public / "tables/scores.csv")
    bleu, copied = [row for row in scores if row["metric"] == "bleu"]
    measured = METRICS["translation"]["test"]
    assert [float(bleu[key]) for key in ("value", "low", "high")] == [23.412, 21.87, 24.96]
    assert bleu["signature"] == measured["bleu_signature"]
    assert (bleu["test_set"], bleu["records"], bleu["better"]) == ("test", "842", "higher")
    assert (bleu["run"], bleu["title"]) == (TRANSLATING, "Transformer")
    assert (copied["run"], copied["title"]) == ("", "Source copied")
    assert (copied["value"], copied["low"]) == ("4.117", "")
    (accuracy,) = [
        row for row in scores if row["run"] == MUSICAL and row["metric"] == "onset_accuracy"
    ]
    assert (accuracy["value"], accuracy["low"]) == ("0.4431", "")  # a share, not per cent


def test_further_test_sets_have_scores_of_their_own(scale: Params):
    add_further_test(TRANSLATING, "test_2017", bleu=31.0, bleu_low=30.0, bleu_high=32.0)
    publish.main()
    scores = rows(Path("public/tables/scores.csv"))
    bleu = [row for row in scores if row["run"] and row["metric"] == "bleu"]
    assert [(row["test_set"], row["value"]) for row in bleu] == [
        ("test", "23.412"),
        ("test_2017", "31.0"),
    ]
    assert Path(f"public/samples/{TRANSLATING}/test_2017.hypothesis.txt").exists()
    text = Path(f"public/models/{TRANSLATING}/README.md").read_text(encoding="utf-8")
    splits = [each.dataset_split for each in ModelCard(text).data.eval_results]
    assert splits == ["test"] * 4 + ["test_2017"] * 4


def test_the_summary_has_a_row_per_run_and_its_best_baseline(public: Path, scale: Params):
    summary = {row["run"]: row for row in rows(public / "tables/summary.csv")}
    assert summary.keys() == scale.runs.keys()
    image = summary["image_local_1d"]
    assert image["best_baseline"] == "Given class and position"
    assert image["best_baseline_value"] == "2.4218"
    assert image["updates"] == str(scale.runs["image_local_1d"].training.steps)


def test_comparisons_are_those_of_the_page(public: Path, scale: Params):
    (expected,) = next(each for each in read_comparisons().test_sets if each.task == "music").pairs
    (row,) = [
        row for row in rows(public / "tables/comparisons.csv") if row["dataset"] == "chorales"
    ]
    ordered = [expected.first, expected.second]
    better, worse = ordered if expected.difference > 0 else ordered[::-1]
    assert (row["better_run"], row["worse_run"]) == (better.run, worse.run)
    assert float(row["better_score"]) == better.score < worse.score
    assert float(row["difference"]) == abs(expected.difference)
    assert (row["better_seeds"], row["worse_seeds"]) == ("1", "1")
    assert float(row["low"]) <= float(row["difference"]) <= float(row["high"])
    assert float(row["p_value"]) == expected.p_value
    assert (row["clusters"], row["signature"]) == ("40", "bs:1000|seed:1")


def test_claims_have_the_verdicts_of_the_page(public: Path, scale: Params):
    verdicts = {claim.id: claim.verdict for claim in read_judgements().claims}
    table = rows(public / "tables/claims.csv")
    assert {row["id"]: row["verdict"] for row in table} == verdicts
    assert {bool(row["p_value"]) for row in table} == {True, False}
    for row in table:
        assert bool(row["missing"]) == (row["verdict"] == Verdict.NOT_RUN)


def test_benchmarks_measures_data_and_settings_are_whole(public: Path, scale: Params):
    benchmarks = rows(public / "tables/benchmarks.csv")
    assert len(benchmarks) == len(json.loads((ROOT / "reports/benchmarks.json").read_text()))
    assert {"positions", "form", "measure"} <= benchmarks[0].keys()
    kills = [row for row in rows(public / "tables/faults.csv") if row["fault"] == "crashes"]
    assert {"orphans": "0"} in [{row["measure"]: row["value"]} for row in kills]
    measures = {(r["run"], r["measure"]): r["value"] for r in rows(public / "tables/measures.csv")}
    assert measures[MUSICAL, "samples.motifs.motif_return"] == "0.21"
    data = {(row["dataset"], row["fact"]): row["value"] for row in rows(public / "tables/data.csv")}
    assert data["digits", "splits.train.records"] == "12731"
    settings = {(r["run"], r["setting"]): r["value"] for r in rows(public / "tables/settings.csv")}
    steps = scale.runs[MUSICAL].training.steps
    assert settings[MUSICAL, "training.steps"] == str(steps)
    assert settings[TRANSLATING, "training.gradient_clip"] == "null"
    grid = rows(public / "tables/search_grids.csv")
    assert [float(row["tokenised_bleu"]) for row in grid] == [
        each["tokenised_bleu"] for each in METRICS["translation"]["search_grid"]
    ]


def test_the_weights_lie_beside_the_card(public: Path):
    assert (public / "models" / TRANSLATING / "model.safetensors").read_bytes() == b"weights"
    with_weights, without = (
        (public / "models" / name / "README.md").read_text(encoding="utf-8")
        for name in (TRANSLATING, MUSICAL)
    )
    assert "not in this folder" not in with_weights
    assert "not in this folder" in without


def test_a_card_is_one_for_the_hub(public: Path):
    data = ModelCard((public / "models" / TRANSLATING / "README.md").read_text("utf-8")).data
    assert (data.license, data.language) == ("apache-2.0", ["en", "de"])
    assert data.model_name == TRANSLATING
    values = {each.metric_type: each.metric_value for each in data.eval_results}
    assert values["bleu"] == 23.412 and values["nats_per_token"] == 2.318
    image = ModelCard((public / "models/image_local_1d/README.md").read_text("utf-8")).data
    assert (image.license, image.license_name) == (
        "other",
        "bsd-3-clause-scikit-learn-cc-by-4.0-uci",
    )


def test_a_card_tells_the_facts(public: Path):
    text = (public / "models/image_local_1d/README.md").read_text(encoding="utf-8")
    assert "| `train` | 12,731 | 178,234 |" in text
    assert "| `Image Transformer, local 1-D` | 2.051 [2.020, 2.083] |" in text
    assert "| Given class and position | 2.422 |" in text
    assert "paint --run image_local_1d --class 0" in text
    assert "it\nis better than that" in text
    assert "enlarges" in (public / "models/image_enlarged/README.md").read_text(encoding="utf-8")
    assert text.endswith("the licence of the data.\n")


def test_a_run_no_better_than_the_baseline_says_so(scale: Params):
    path = f"reports/measurements/{TRANSLATING}.json"
    edit(path, lambda metrics: metrics["translation"]["test"].update(bleu_low=4.1))
    publish.main()
    text = Path(f"public/models/{TRANSLATING}/README.md").read_text(encoding="utf-8")
    assert "is not surely better than that" in text


def test_without_interval_and_baseline_a_card_judges_nothing(scale: Params):
    """As of a network of small letters, by the score that ignores case."""
    (result,) = [each for each in read_results(scale) if each.name == TRANSLATING]
    dataset, run = result.dataset, result.run
    lower = dataset.encoding.model_copy(update={"letter_case": LetterCase.LOWER})
    ignoring = run.evaluation.model_copy(update={"tokenised_bleu": Convention.MULTI30K})
    of_small_letters = dataclasses.replace(
        result,
        dataset=dataset.model_copy(update={"encoding": lower}),
        run=run.model_copy(update={"evaluation": ignoring}),
    )
    text = card(of_small_letters, read_data_facts(run.dataset), weights=False)
    assert "on `test`\nBLEU, lower-cased 24.9. The interval tells" in text
    assert "better than that" not in text and "best trivial baseline" not in text
    first = ModelCard(text).data.eval_results[0]
    assert (first.metric_type, first.metric_value) == ("tokenised_bleu", 24.9)
    others = [each for each in read_results(scale) if each.name != TRANSLATING]
    (row, *_) = tables(scale, [of_small_letters, *others])["summary"]
    assert (row["metric"], row["value"]) == ("tokenised_bleu", 24.9)
    assert (row["best_baseline"], row["best_baseline_value"]) == (None, None)


@pytest.mark.parametrize(
    ("scale_folder", "lines"),
    [(ROOT, []), (ROOT / "lecture", ["cd lecture"])],
)
def test_a_card_loads_from_the_folder_of_its_scale(monkeypatch, scale_folder, lines):
    monkeypatch.chdir(scale_folder)
    params, _ = finished(config.load())
    result = read_results(params)[0]
    facts = read_data_facts(result.run.dataset)
    commands = card(result, facts, weights=True).partition("```sh\n")[2].splitlines()
    first = next(index for index, line in enumerate(commands) if line.startswith("dvc repro"))
    assert commands[:first] == lines


NASTY = 'a | b `c` "d", <script>alert(1)</script>\n---\n# "x": [y] ``'


def test_texts_from_data_are_shown_as_they_are(scale: Params):
    """In CSV, in YAML, in Markdown, with what each of them takes for markup."""
    yaml = YAML()
    raw = yaml.load(Path("params.yaml"))
    raw["runs"][TRANSLATING]["title"] = NASTY
    raw["datasets"]["home_assistant"]["source"]["origin"] = NASTY
    raw["datasets"]["home_assistant"]["source"]["licence"] = NASTY
    raw["report"]["title"] = NASTY
    yaml.dump(raw, Path("params.yaml"))
    edit("reports/data/home_assistant.json", lambda facts: facts["dropped"].update({NASTY: 3}))
    publish.main()

    scores = rows(Path("public/tables/scores.csv"))
    assert {row["title"] for row in scores if row["run"] == TRANSLATING} == {NASTY}
    text = Path(f"public/models/{TRANSLATING}/README.md").read_text(encoding="utf-8")
    on_a_line = " ".join(NASTY.split())
    parsed = ModelCard(text)
    assert parsed.data.eval_results[0].dataset_name == on_a_line
    assert parsed.data.license == "other"
    assert f"\n# {code(NASTY)}\n" in parsed.content
    assert f"- origin: {code(NASTY)}\n" in parsed.content
    assert f"- {code(NASTY)}: 3\n" in parsed.content
    (row,) = [line for line in text.splitlines() if line.startswith("| `title`")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 3
    listing = Path("public/files.html").read_text(encoding="utf-8")
    assert "<script>" not in listing and "&lt;script&gt;" in listing


def test_names_of_files_are_escaped_in_the_listing(tmp_path: Path):
    name = 'a"b%41 <c>.mid'
    (tmp_path / name).write_bytes(b"")
    publish._write_listing("title", None, tmp_path)
    page = (tmp_path / "files.html").read_text(encoding="utf-8")
    assert {unquote(link) for link in Links(page).found} == {"index.html", name}
    assert "<c>" not in page


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("plain", "`plain`"),
        ("a `b` c", "``a `b` c``"),
        ("`b`", "`` `b` ``"),
        ("``", "``` `` ```"),
        ("two\nlines", "`two lines`"),
        ("", "`  `"),
    ],
)
def test_code_spans(text: str, span: str):
    assert code(text) == span


def test_bars_within_cells_are_escaped():
    assert table(["x"], [[code("a|b")]]) == "| x |\n| --- |\n| `a\\|b` |"


def test_demonstrations_are_published_with_their_figures(scale: Params, monkeypatch):
    lecture = config.load(ROOT / "lecture/params.yaml")
    with_one = scale.model_copy(update={"demonstrations": lecture.demonstrations})
    monkeypatch.setattr(config, "load", lambda: with_one)
    figures = Path("runs/self_similarity/figures")
    figures.mkdir(parents=True)
    picture = next(Path("runs/image_local_1d/samples").glob("*.png"))
    numbers = {"noisy": 22.1234, "averaged": 25.5678, "denoised": 28.9}
    weights = {
        f"weights_{number}": {"row": 1, "column": 1, "own": 0.5, "patches": 9.0}
        for number in (1, 2, 3)
    }
    for title in ("original", *numbers, "sample", "texture", *weights):
        shutil.copy(picture, figures / f"{title}.png")
    measured = numbers | {"weights": weights}
    write_json(Path("reports/measurements/self_similarity.json"), {"demonstration": measured})
    publish.main()
    assert len(list(Path("public/samples/self_similarity").glob("*.png"))) == 9
    psnr = {row["figure"]: row["psnr"] for row in rows(Path("public/tables/demonstrations.csv"))}
    assert (psnr["noisy"], psnr["original"]) == ("22.1234", "")


@pytest.mark.parametrize(
    ("missing", "told"),
    [
        (PAGE, "reports/index.html: no such file; run `dvc repro`"),
        (Path("runs") / MUSICAL / "samples", "as for 1 of 8 runs; .* `dvc pull` .* `dvc repro`"),
        (Path(f"reports/curves/{MUSICAL}.csv"), f"no such file; run `dvc repro train@{MUSICAL}`"),
        (Path("reports/data/chorales.json"), "no such file; .*dvc repro"),
        (Path("reports/claims.json"), "no such file; .*dvc repro"),
        (Path("reports/comparisons.json"), "no such file; .*dvc repro"),
        (Path(f"runs/{MUSICAL}/samples/from_nothing_0.mid"), "no such file; run `dvc repro decode"),
        (Path("runs/image_local_1d/samples/conditional.png"), "file; run `dvc repro decode@image"),
    ],
)
def test_what_is_missing_is_named_and_the_folder_stays_as_it_was(public, missing: Path, told: str):
    before = bytes_of(public)
    shutil.rmtree(missing) if missing.is_dir() else missing.unlink()
    with pytest.raises(DataError, match=told) as raised:
        publish.main()
    assert "\n" not in str(raised.value)
    assert bytes_of(public) == before
    assert not Path(".public.partial").exists()


def test_a_clone_without_samples_is_told_of_the_remote(scale: Params):
    shutil.rmtree("runs")
    with pytest.raises(DataError, match="as for 8 of 8 runs; samples are not in git"):
        publish.main()
    assert not Path("public").exists()


def test_a_damaged_search_grid_is_named(scale: Params):
    edit(
        f"reports/measurements/{TRANSLATING}.json",
        lambda m: m["translation"].update(search_grid=[3]),
    )
    with pytest.raises(DataError, match="search_grid is not a list of searches"):
        publish.main()


def test_the_workflow_publishes_with_pinned_actions():
    workflow = YAML(typ="safe", pure=True).load(ROOT / ".github/workflows/pages.yml")
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    actions = [step["uses"] for step in steps if "uses" in step]
    assert all(re.fullmatch(r"actions/[a-z-]+@v\d+", action) for action in actions)
    commands = " ".join(step.get("run", "") for step in steps)
    targets = re.findall(r"make (\S+)", commands)
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    assert targets == [".venv/requirements-publish", "publish"]
    assert "\npublish: .venv/requirements-publish\n" in makefile
