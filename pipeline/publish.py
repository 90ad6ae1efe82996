"""Export the results to public/, a folder for any static host.

    python -m pipeline publish     # in the folder of a scale, after dvc repro or dvc pull

index.html is the report, and says how to cite it; play.html lets the pretrained networks run in the
reader's browser, if pip install -e ".[onnx]" is done; files.html lists the rest: tables/*.csv,
curves/*.csv, samples/<run>/ and models/<run>/, a model card with the weights. With --address other
sites show a picture of the results beside a link to a page. Equal results of a commit give equal
bytes.
"""

import shutil
import sys
from pathlib import Path

from markupsafe import Markup

from pipeline import config
from pipeline.config import Params
from pipeline.errors import DataError
from pipeline.files import staged_folder
from pipeline.publishing.cards import card
from pipeline.publishing.headlines import describe, read_headlines
from pipeline.publishing.pages import environment
from pipeline.publishing.picture import write_picture
from pipeline.publishing.play import PAGE as PLAY
from pipeline.publishing.play import can_play, write_play
from pipeline.publishing.preview import PICTURE, Preview, checked_address
from pipeline.publishing.publication import publication_of
from pipeline.publishing.report import write_report
from pipeline.publishing.tables import tables, to_csv
from pipeline.reporting.inline import STYLE, content_hash
from pipeline.reporting.results import (
    CURVES,
    PAGE,
    RUNS,
    Result,
    finished,
    read_curve,
    read_data_facts,
    read_results,
)

PUBLIC = Path("public")
LISTING = "files.html"


def main(address: str | None = None) -> None:
    """Write public/; DataError, with public/ unchanged, if a result is missing.

    `address` is where the folder will be.
    """
    site = checked_address(address) if address else None
    params, _ = finished(config.load())
    _check_outputs(params)
    results = read_results(params)
    with staged_folder(PUBLIC) as folder:
        _write_tables(params, results, folder / "tables")
        for result in results:
            _publish_run(result, folder)
        for name in params.demonstrations:
            shutil.copytree(RUNS / name / "figures", folder / "samples" / name)
        _write_pages(params, results, site, folder)
    print(f"{PUBLIC}/ is written: {PUBLIC / PAGE.name} is the report, {PUBLIC / LISTING} the rest")


def _check_outputs(params: Params) -> None:
    if not PAGE.exists():
        raise DataError(f"{PAGE}: no such file; run `dvc repro`")
    missing = [str(path) for name in params.runs if not (path := RUNS / name / "samples").is_dir()]
    if missing:
        raise DataError(
            f"{missing[0]}: no such folder, as for {len(missing)} of {len(params.runs)} runs; "
            "samples are not in git: run `dvc pull` if a remote has them, else `dvc repro`"
        )


def _write_pages(params: Params, results: list[Result], site: str | None, folder: Path) -> None:
    title, headlines = params.report.title, read_headlines(results)
    if site is not None:
        write_picture(params, results, headlines, folder / PICTURE)
    else:
        print(
            "no picture and no address for previews of links: they need --address", file=sys.stderr
        )
    beside = {"Files": LISTING}
    if can_play():
        write_play(title, site, folder)
        beside = {"Play": PLAY} | beside
    else:
        needs = 'pretrained networks, and pip install -e ".[onnx]"'
        print(f"{PLAY}: not written; it needs {needs}", file=sys.stderr)
    write_report(Preview(title, describe(headlines), "", site), beside, folder)
    _write_listing(title, site, folder)


def _write_tables(params: Params, results: list[Result], folder: Path) -> None:
    folder.mkdir()
    for name, rows in tables(params, results).items():
        (folder / f"{name}.csv").write_bytes(to_csv(rows))


def _publish_run(result: Result, folder: Path) -> None:
    curves, samples, model = (folder / part for part in ("curves", "samples", "models"))
    read_curve(result.name)  # checks it
    curves.mkdir(exist_ok=True)
    shutil.copy(CURVES / f"{result.name}.csv", curves)
    samples = samples / result.name
    samples.mkdir(parents=True)
    publication_of(result.run.task).write_samples(result, samples)
    model = model / result.name
    trained = RUNS / result.name / "model"
    if trained.is_dir():
        shutil.copytree(trained, model, ignore=shutil.ignore_patterns("step_*"))
    model.mkdir(parents=True, exist_ok=True)
    text = card(result, read_data_facts(result.run.dataset), weights=trained.is_dir())
    (model / "README.md").write_text(text, encoding="utf-8", newline="\n")


def _write_listing(title: str, site: str | None, folder: Path) -> None:
    """Write a page with all files, by folder, those of the root first."""
    paths = [path.relative_to(folder) for path in folder.rglob("*") if path.is_file()]
    folders: dict[str, list[tuple[str, str, int]]] = {}
    for path in sorted(paths, key=lambda path: (len(path.parts) > 1, path)):
        parent = path.parent.as_posix().removeprefix(".")
        size = (folder / path).stat().st_size
        folders.setdefault(parent, []).append((path.as_posix(), path.name, size))
    style = STYLE.read_text(encoding="utf-8")
    preview = Preview(
        title=f"Files of {title}",
        description="What the report was made from: tables, curves, samples, and networks with "
        "their cards.",
        page=LISTING,
        site=site,
    )
    page = (
        environment()
        .get_template(LISTING)
        .render(
            preview=preview,
            folders=folders,
            play=PLAY if (folder / PLAY).exists() else None,
            style=Markup(style),  # noqa: S704 (our own file)
            style_hash=content_hash(style),
        )
    )
    (folder / LISTING).write_text(page + "\n", encoding="utf-8", newline="\n")
