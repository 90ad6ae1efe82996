"""axe-core (npm, see tests/reporting/axe/package.json) on the page that a browser shows."""

import json
from pathlib import Path

import pytest

from tests.reporting.browser import CHROMIUM, Browser

SCRIPT = Path(__file__).with_name("axe") / "node_modules" / "axe-core" / "axe.min.js"
NEEDS_AXE = pytest.mark.skipif(
    CHROMIUM is None or not SCRIPT.exists(),
    reason="Chromium and axe-core (`npm ci` in tests/reporting/axe) are not both installed",
)
WIDTHS, SCHEMES = [390, 768, 1280], ["light", "dark"]
_RUN = """
    axe.run(document, {resultTypes: ["violations"]}).then((results) => JSON.stringify(
      results.violations.flatMap((rule) => rule.nodes.map((node) =>
        `${rule.id}: ${node.target}: ${node.failureSummary}`))))
"""


def show(chromium: Browser, width: int, scheme: str, motion: str = "no-preference") -> None:
    """Show the page in a window of so many pixels, in a colour scheme."""
    features = {"prefers-color-scheme": scheme, "prefers-reduced-motion": motion}
    chromium.call(
        "Emulation.setEmulatedMedia",
        features=[{"name": name, "value": value} for name, value in features.items()],
    )
    chromium.call(
        "Emulation.setDeviceMetricsOverride",
        width=width, height=900, deviceScaleFactor=1, mobile=False,
    )  # fmt: skip


def violations(chromium: Browser) -> list[str]:
    """What axe-core finds wrong, the rule and the element first."""
    if not chromium.evaluate("'axe' in window"):
        chromium.evaluate(f"{SCRIPT.read_text(encoding='utf-8')}; 0")
    return json.loads(chromium.evaluate(_RUN))
