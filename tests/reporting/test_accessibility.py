"""axe-core finds nothing to mend on the page."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import config
from pipeline.reporting.page import render
from tests.reporting.accessibility import NEEDS_AXE, SCHEMES, WIDTHS, show, violations
from tests.reporting.browser import Browser, browser

pytestmark = NEEDS_AXE


@pytest.fixture(scope="module")
def chromium(made_up_scale: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("axe")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made_up_scale)
        (folder / "index.html").write_text(render(config.load()), encoding="utf-8")
    with browser(folder / "profile") as chromium:
        chromium.open(folder / "index.html")
        chromium.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        yield chromium


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_nothing_keeps_a_reader_out(chromium: Browser, width: int, scheme: str):
    show(chromium, width, scheme)
    assert violations(chromium) == []


def test_axe_finds_what_is_wrong(chromium: Browser):
    chromium.evaluate("document.documentElement.removeAttribute('lang')")
    (found,) = violations(chromium)
    assert found.startswith("html-has-lang: html:")
