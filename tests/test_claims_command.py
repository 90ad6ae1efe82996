"""The paragraph on claims in README.md."""

import re

from pipeline import claims
from tests.reporting.scale import ROOT


def test_the_readme_says_what_the_command_prints_of_the_lecture(monkeypatch, capsys):
    monkeypatch.chdir(ROOT / "lecture")
    claims.main()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (said,) = re.findall(r"<!-- claims -->\n(.*?)<!-- end -->", readme, re.DOTALL)
    assert said.endswith(capsys.readouterr().out)
