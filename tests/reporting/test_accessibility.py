"""axe-core (npm, see tests/reporting/axe/package.json) finds nothing to mend on the page."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import config
from pipeline.reporting.page import render
from tests.reporting.browser import CHROMIUM, Browser, browser

AXE = Path(__file__).parent / "axe" / "node_modules" / "axe-core" / "axe.min.js"
RUN = """
    axe.run(document, {resultTypes: ["violations"]}).then((results) => JSON.stringify(
      results.violations.flatMap((rule) => rule.nodes.map((node) =>
        `${rule.id}: ${node.target}: ${node.failureSummary}`))))
"""

pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed"),
    pytest.mark.skipif(not AXE.exists(), reason="axe-core: run `npm ci` in tests/reporting/axe"),
]


@pytest.fixture(scope="module")
def chromium(made_up_scale: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    folder = tmp_path_factory.mktemp("axe")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(made_up_scale)
        (folder / "index.html").write_text(render(config.load()), encoding="utf-8")
    with browser(folder / "profile") as chromium:
        chromium.open(folder / "index.html")
        chromium.evaluate(f"{AXE.read_text(encoding='utf-8')}; 0")
        chromium.evaluate("document.querySelectorAll('details').forEach(each => each.open = true)")
        yield chromium


def violations(chromium: Browser) -> list[str]:
    return json.loads(chromium.evaluate(RUN))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 768, 1280])
def test_nothing_keeps_a_reader_out(chromium: Browser, width: int, scheme: str):
    feature = {"name": "prefers-color-scheme", "value": scheme}
    chromium.call("Emulation.setEmulatedMedia", features=[feature])
    chromium.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip
    assert violations(chromium) == []


def test_axe_finds_what_is_wrong(chromium: Browser):
    chromium.evaluate("document.documentElement.removeAttribute('lang')")
    (found,) = violations(chromium)
    assert found.startswith("html-has-lang: html:")
