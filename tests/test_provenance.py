"""The commit and the scale of the current folder."""

import subprocess
from pathlib import Path

import pytest

from pipeline import provenance
from pipeline.provenance import Commit

ROOT = Path(__file__).parents[1]


def git(*arguments: str) -> str:
    who = ("-c", "user.name=A", "-c", "user.email=a@example.org")
    command = ["git", *who, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize(("folder", "name"), [(".", "default"), ("lecture", "lecture")])
def test_the_scale_is_the_folder_and_the_root_the_default(monkeypatch, folder, name):
    monkeypatch.chdir(ROOT / folder)
    assert provenance.scale() == name


def test_the_commit_is_that_of_head_and_changes_are_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    Path("a").write_text("1")
    git("add", "a")
    git("commit", "--quiet", "--message", "One")
    git("tag", "--annotate", "v1", "--message", "1")
    digits = git("rev-parse", "--short=10", "HEAD")
    Path("b").write_text("not tracked")
    assert provenance.commit() == Commit(digits, is_changed=False)
    Path("a").write_text("2")
    assert provenance.commit() == Commit(digits, is_changed=True)


def test_outside_of_git_there_is_no_commit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert provenance.commit() is None
