"""The report as it is published: beside other pages, with its preview and how to cite it."""

from pathlib import Path

from markupsafe import Markup

from pipeline import provenance
from pipeline.errors import DataError
from pipeline.publishing.citation import bibtex
from pipeline.publishing.pages import environment
from pipeline.publishing.preview import Preview
from pipeline.reporting.inline import content_hash
from pipeline.reporting.results import PAGE

BESIDE = "<!-- beside the published page -->"  # where the report's contents end
_COPY = Path(__file__).parent / "templates" / "cite.js"


def write_report(preview: Preview, beside: dict[str, str], folder: Path) -> None:
    """Write the report into `folder`; `beside` are the pages there by what links to them say.

    DataError if the report was written by a version that had no place for what is added.
    """
    script = _COPY.read_text(encoding="utf-8")
    links = {"Cite": "#cite"} | beside
    added = {
        "<title>": f"{_render('preview.html', preview=preview)}<title>",
        "script-src '": f"script-src '{content_hash(script)}' '",
        BESIDE: "".join(
            f'<li><a href="{address}">{name}</a></li>' for name, address in links.items()
        ),
        "</main>": _cite(script, preview.site) + "</main>",
    }
    text = PAGE.read_text(encoding="utf-8")
    for place, content in added.items():
        if place not in text:
            raise DataError(f"{PAGE}: has no {place}; write it anew with `dvc repro report`")
        text = text.replace(place, content, 1)
    (folder / PAGE.name).write_text(text, encoding="utf-8", newline="\n")


def _cite(script: str, site: str | None) -> str:
    return _render(
        "cite.html",
        scale=provenance.scale(),
        commit=provenance.commit(),
        bibtex=bibtex(site),
        script=Markup(script),  # noqa: S704 (our own file)
    )


def _render(template: str, **values: object) -> str:
    return environment().get_template(template).render(values).rstrip() + "\n"
