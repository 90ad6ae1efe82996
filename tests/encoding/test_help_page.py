import pytest

from pipeline.encoding.help_page import paragraphs


def only(content: str) -> str:
    """The text of a page's only paragraph."""
    (text,) = paragraphs(f'<body><p id="par_id1" dir="auto">{content}</p></body>').values()
    return text


def test_paragraphs_and_headings_with_ids_are_found():
    page = """<html><title>No</title><p>No</p><p class="howto" id="tip">No</p>
    <h1 id="hd_id1" dir="auto">First</h1><div><p id="par_id2" class="paragraph">Second</p>No</div>
    <h5 id="hd_id3">Third</h5><pre id="par_id4">No</pre><p id="par_id5"></p>"""
    assert paragraphs(page) == {
        ("hd_id1", 0): "First",
        ("par_id2", 0): "Second",
        ("hd_id3", 0): "Third",
        ("par_id5", 0): "",
    }


def test_an_id_that_a_page_repeats_is_numbered():
    page = '<p id="par_1">a</p><p id="par_2">b</p><p id="par_1">c</p>'
    assert paragraphs(page) == {("par_1", 0): "a", ("par_2", 0): "b", ("par_1", 1): "c"}


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ('See <span class="menuitem">File - <a href="x.html">Open</a></span>.', "See File - Open."),
        ("  two\n lines&nbsp;and\u00a0 spaces ", "two lines and spaces"),
        ("R&amp;D &lt;b&gt; &#228; M&uuml;ll", "R&D <b> ä Müll"),
        ('above<br>below<img alt="No" src="a.svg"><!-- No -->', "above below"),
        ("x<sub>1</sub>", "x1"),
    ],
)
def test_markup_is_gone_and_white_space_tidy(content, text):
    assert only(content) == text


def test_of_what_differs_between_systems_the_default_is_kept():
    mac = '<span hidden="true" class="MAC"><span class="keycode">Command</span> and</span>'
    default = '<span hidden="true"><span class="keycode">Ctrl</span></span>'
    assert only(f'Press <span class="switchinline">{mac}{default}</span> + F.') == "Press Ctrl + F."


def test_a_paragraph_that_is_not_closed_ends_where_the_next_begins():
    page = '<p id="par_1">a <span hidden class="MAC">b<p id="par_2">c</p>d<p id="par_3">e'
    assert paragraphs(page) == {("par_1", 0): "a", ("par_2", 0): "c"}
