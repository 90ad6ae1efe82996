"""The published report and the list of files in Chromium, from a folder of a static host."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from pipeline import config, publish
from pipeline.publishing.citation import bibtex
from pipeline.reporting.page import render
from pipeline.reporting.results import PAGE
from tests.publishing.host import served
from tests.reporting.accessibility import NEEDS_AXE, SCHEMES, WIDTHS, show, violations
from tests.reporting.browser import CHROMIUM, Browser, browser
from tests.reporting.scale import write_scale

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")

SITE = "https://example.org/some/where/"
COMMIT = ["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-qm", "One"]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a published folder, of a made-up scale that is committed."""
    root = tmp_path_factory.mktemp("host")
    scale = root / "some/where"
    scale.mkdir(parents=True)
    write_scale(scale)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(scale)
        patch.setattr(publish, "can_play", lambda: False)  # test_play.py does
        PAGE.write_text(render(config.load()), encoding="utf-8")
        for command in (["git", "init", "-q"], ["git", "add", "params.yaml"], COMMIT):
            subprocess.run(command, check=True)
        publish.main(SITE)
    with served(root) as host:
        yield f"{host}/some/where/public/"


@pytest.fixture
def chromium(address: str, tmp_path: Path) -> Iterator[Browser]:
    with browser(tmp_path) as opened:
        opened.open(address)
        yield opened


def test_nothing_is_asked_of_another_host_and_no_rule_is_broken(chromium, address):
    for link in ("files.html", "index.html"):
        selector = f"nav a[href='{link}'], .kicker a[href='{link}']"
        chromium.evaluate(f'document.querySelector("{selector}").click()')
        chromium.wait_for(
            f"location.href === '{address}{link}' && document.readyState === 'complete'"
        )
    asked = [event["request"]["url"] for event in chromium.happened("Network.requestWillBeSent")]
    assert {f"{address}{page}" for page in ("", "files.html", "index.html")} <= set(asked)
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []
    assert chromium.happened("Runtime.exceptionThrown") == []
    told = [event["entry"] for event in chromium.happened("Log.entryAdded")]
    assert [each["text"] for each in told if each["level"] == "error"] == []


@NEEDS_AXE
@pytest.mark.parametrize("page", ["index.html", "files.html"])
def test_nothing_keeps_a_reader_out(chromium, address, page):
    chromium.open(address + page)
    for width in WIDTHS:
        for scheme in SCHEMES:
            show(chromium, width, scheme)
            assert violations(chromium) == []


CITE = "document.querySelector('#cite')"
ENTRY = f"{CITE}.querySelector('pre').textContent"
TOLD = f"{CITE}.querySelector('output').value"


def test_the_citation_is_copied(chromium, address):
    granted = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    origin = address.partition("/some")[0]
    chromium.call("Browser.grantPermissions", permissions=granted, origin=origin)
    chromium.evaluate(f"{CITE}.querySelector('button').click()")
    chromium.wait_for(f"{TOLD} === 'Copied.'")
    copied = chromium.evaluate("navigator.clipboard.readText()")
    assert copied == chromium.evaluate(ENTRY) == bibtex(SITE)


def test_where_the_clipboard_is_closed_the_citation_is_selected(chromium):
    chromium.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined}); 0")
    chromium.evaluate(f"{CITE}.querySelector('button').click()")
    chromium.wait_for(f"{TOLD}.startsWith('Selected')")
    assert chromium.evaluate("getSelection().toString()") == bibtex(SITE)


def test_without_scripts_the_citation_is_there_and_no_button(chromium, address):
    chromium.call("Emulation.setScriptExecutionDisabled", value=True)
    chromium.call("Page.navigate", url=address + "files.html")
    chromium.call("Page.navigate", url=address)
    chromium.wait_for(f"location.href === '{address}' && {CITE} !== null")
    assert chromium.evaluate(ENTRY) == bibtex(SITE)
    assert chromium.evaluate(f"{CITE}.querySelector('button').offsetWidth") == 0


def test_the_page_says_what_was_published(chromium):
    told = chromium.evaluate(f"{CITE}.querySelector('p').textContent")
    assert re.search(r"of the scale where, commit [0-9a-f]{10}\. ", told)
