"""LibreOffice's help in one language, as Debian packages it: pages of HTML.

The name of a page begins with the program that it is about, as in
swriter/guide/footer_pagenumber; `shared` is about all.
"""

import re
from pathlib import Path

from pipeline.encoding.debian import read_deb
from pipeline.encoding.help_page import ParagraphKey, paragraphs
from pipeline.encoding.records import RecordError, Skipped, read_or_skip

_PAGE = re.compile(r"usr/share/libreoffice/help/([^/]+)/text/(.+)\.html")  # language, name
_MAX_PAGE_BYTES = 1 << 24  # the largest page has 0.5 MB; more is a bomb


def read_help(package: Path) -> dict[str, dict[ParagraphKey, str] | Skipped]:
    """Return the paragraphs of each page by its name, or why it cannot be used.

    In memory is the text of all pages. DataError if the package is damaged.
    """
    return {
        match[2]: read_or_skip(match[2], _read_page, content, match[1])
        for name, content in read_deb(package, _MAX_PAGE_BYTES)
        if (match := _PAGE.fullmatch(name))
    }


def _read_page(content: bytes, language: str) -> dict[ParagraphKey, str]:
    if len(content) > _MAX_PAGE_BYTES:
        raise RecordError(f"the page in {language} is larger than {_MAX_PAGE_BYTES} bytes")
    try:
        return paragraphs(content.decode())
    except UnicodeDecodeError as error:
        raise RecordError(f"the page in {language} is not valid UTF-8 ({error})") from None
