"""README.md, CONTRIBUTING.md and docs/: links, the commands that they name, tables, and size."""

import re
import tomllib
from collections import Counter
from importlib.util import find_spec

import pytest
from PIL import Image
from ruamel.yaml import YAML

from docs.picture import PICTURE
from docs.printed import ROOT, blocks, output, pages
from pipeline.__main__ import COMMANDS, commands_of_tasks
from pipeline.files import read_json
from pipeline.reporting.flatten import leaves

PAGES = {page.relative_to(ROOT).as_posix(): page.read_text(encoding="utf-8") for page in pages()}
README = PAGES["README.md"]
BLOCKS = [(name, *block) for name, text in PAGES.items() for block in blocks(text)]
CITATION = YAML(typ="safe").load(ROOT / "CITATION.cff")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
TARGETS = set(" ".join(re.findall(r"^([a-z][a-z -]*):(?!=)", MAKEFILE, re.MULTILINE)).split())


def without_code(text: str) -> str:
    return re.sub(r"^```.*?^```", "", text, flags=re.DOTALL | re.MULTILINE)


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings of a page; of equal headings each has a number."""
    counts, found = Counter(), set()
    for heading in re.findall(r"^#+ (.+)$", without_code(text), re.MULTILINE):
        slug = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.add(f"{slug}-{counts[slug]}" if counts[slug] else slug)
        counts[slug] += 1
    return found


def broken(name: str, text: str) -> list[str]:
    """The links of the page `name`, but those to the web, that lead to no file or no heading."""
    wrong = []
    for target in re.findall(r"\]\(([^)\s]+)\)", without_code(text)):
        path, _, anchor = target.partition("#")
        file = ((ROOT / name).parent / path).resolve()
        page = PAGES.get(str(file.relative_to(ROOT)), "") if path else text
        if "://" not in target and not (file.exists() and (not anchor or anchor in anchors(page))):
            wrong.append(target)
    return wrong


@pytest.mark.parametrize("name", PAGES)
def test_every_link_and_anchor_resolves(name: str):
    assert broken(name, PAGES[name]) == []


def test_links_that_lead_nowhere_are_found():
    right = (
        "# A b, `c`\n[1](#a-b-c) [2](../README.md#results) [3](data.md#molecules) [4](../models/)"
    )
    assert broken("docs/one.md", right) == []
    wrong = (
        "# A\n```\n# B\n```\n[1](#b) [2](../README.md#atoms) [3](other.md) [4](data.md#a) [5](x/)"
    )
    assert broken("docs/one.md", wrong) == re.findall(r"\((.*?)\)", wrong)


def test_the_readme_links_every_page_and_has_at_most_130_lines():
    assert {name for name in PAGES if name != "README.md"} <= set(re.findall(r"\((.*?)\)", README))
    assert len(README.splitlines()) <= 130


@pytest.mark.parametrize("name", PAGES)
def test_every_command_that_a_page_names_exists(name: str):
    text = " ".join(PAGES[name].split())
    assert {
        *re.findall(r"python -m pipeline (\w+)", text)
    } <= COMMANDS.keys() | commands_of_tasks().keys()
    modules = re.findall(r"python -m ((?:benchmarks|docs|faults)\.\w+)", text)
    assert [module for module in modules if find_spec(module) is None] == []
    assert {*re.findall(r"(?:^|`)make ([a-z][a-z-]*)", PAGES[name], re.MULTILINE)} <= TARGETS


@pytest.mark.parametrize(("name", "command", "said"), BLOCKS)
def test_tables_are_what_commands_print(name: str, command: str, said: str):
    assert said == output(command), f"{name} is not up to date: run `make docs`"


def test_tables_of_scores_claims_speed_and_faults_are_printed():
    printed = " ".join(command for _, command, _ in BLOCKS)
    for program in ("docs.results", "pipeline claims", "benchmarks.table", "faults.table"):
        assert program in printed


def test_measured_numbers_of_the_papers_scale_are_in_its_measurements():
    table = re.search(
        r"^\| run \| on \|.*\n.*\n((?:\|.*\n)+)", PAGES["docs/paper.md"], re.MULTILINE
    )
    for row in table[1].splitlines():
        run, _, measured, _ = row.strip("| ").split(" | ")
        if name := re.match(r"`(\w+)`", run):
            path = ROOT / "paper" / "reports" / "measurements" / f"{name[1]}.json"
            values = [value for _, value in leaves(read_json(path)) if isinstance(value, float)]
        for number in re.findall(r"\d+\.\d+", measured):
            decimals = len(number.partition(".")[2])
            assert number in {f"{value:.{decimals}f}" for value in values}, row


def test_the_picture_moves_and_is_small():
    with Image.open(PICTURE) as picture:
        assert picture.n_frames > 10
    assert PICTURE.stat().st_size <= 150_000


def test_the_citation_is_of_this_version_here_and_in_the_readme():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert (CITATION["version"], CITATION["license"]) == (project["version"], project["license"])
    assert README.startswith(f"# {CITATION['title']}\n")
    for part in (CITATION["title"], CITATION["version"], CITATION["authors"][0]["name"]):
        assert f"{{{part}}}" in README
