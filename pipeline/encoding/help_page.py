"""The paragraphs of a page of LibreOffice's help."""

import re
from collections import Counter
from html.parser import HTMLParser

ParagraphKey = tuple[str, int]  # id, and how many paragraphs of the page had it before

_TRANSLATED = re.compile("(?:par|hd)_")  # how the ids of what is translated begin
_PARAGRAPH = re.compile("p|h[1-6]?")


def paragraphs(page: str) -> dict[ParagraphKey, str]:
    """Return the text of each paragraph and heading with an id, without markup.

    Ids are the same in all languages. A page may repeat one, because it embeds parts of others.
    """
    parser = _Parser()
    parser.feed(page)
    parser.close()
    return parser.paragraphs


class _Parser(HTMLParser):
    """Collects paragraphs.

    Where systems or programs differ, a page has a hidden span for each: one with its class, such as
    MAC or CALC, and one without, the default, which is kept.
    """

    def __init__(self) -> None:
        super().__init__()
        self.paragraphs: dict[ParagraphKey, str] = {}
        self._repeated: Counter[str] = Counter()
        self._key: ParagraphKey | None = None  # of the open paragraph
        self._texts: list[str] = []
        self._hidden = 0  # open spans, from the outermost that is left out

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open a paragraph or a span that is left out."""
        attributes = dict(attrs)
        if _PARAGRAPH.fullmatch(tag):
            self._close()
            self._open(attributes.get("id") or "")
        elif tag == "span" and (self._hidden or {"hidden", "class"} <= attributes.keys()):
            self._hidden += 1
        elif tag == "br":
            self._texts.append(" ")

    def handle_endtag(self, tag: str) -> None:
        """Close what is open."""
        if _PARAGRAPH.fullmatch(tag):
            self._close()
        elif tag == "span" and self._hidden:
            self._hidden -= 1

    def handle_data(self, data: str) -> None:
        """Take the text of the open paragraph."""
        if not self._hidden:
            self._texts.append(data)

    def _open(self, name: str) -> None:
        self._texts, self._hidden = [], 0
        if _TRANSLATED.match(name):
            self._key = (name, self._repeated[name])
            self._repeated[name] += 1

    def _close(self) -> None:
        if self._key is not None:
            self.paragraphs[self._key] = " ".join("".join(self._texts).split())
            self._key = None
