"""What other sites show of a page whose link is shared (Open Graph): title, description, picture.

The addresses of the page and of the picture have to be absolute, and are left out if nobody said
where the folder will be.
"""

import re
from dataclasses import dataclass
from typing import ClassVar
from urllib.parse import urljoin, urlsplit

from pipeline.errors import PipelineError

PICTURE = "preview.png"
WIDTH, HEIGHT = 1200, 630  # pixels of the picture, as other sites show it


@dataclass(frozen=True)
class Preview:
    """The preview of a page of the published folder."""

    title: str
    description: str
    page: str  # its name in the folder, "" for the index
    site: str | None  # address of the folder, if it is known
    width: ClassVar[int] = WIDTH
    height: ClassVar[int] = HEIGHT
    alt: ClassVar[str] = "What the networks of the report generate, and their best test scores"

    @property
    def address(self) -> str:
        """Address of the page."""
        return urljoin(self.site, self.page)

    @property
    def picture(self) -> str:
        """Address of the picture."""
        return urljoin(self.site, PICTURE)


def checked_address(text: str) -> str:
    """Return the address of a folder on the web with a slash at its end; PipelineError if none."""
    if not _is_folder(text):
        raise PipelineError(
            f"--address {text}: not the address of a folder on the web; give one such as "
            "https://example.org/attention/"
        )
    return text.rstrip("/") + "/"


def _is_folder(text: str) -> bool:
    try:
        parts = urlsplit(text)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a bad port, or a bad IPv6 address
        return False
    is_page = bool(parts.query or parts.fragment) or parts.path.endswith(".html")
    is_text = re.fullmatch(r"[!-~]+", text)  # what else there is has to be percent-encoded
    return bool(is_text) and parts.scheme in ("http", "https") and has_host and not is_page
