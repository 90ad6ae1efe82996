"""Inline styles and scripts, which the Content-Security-Policy of a page names by their hashes."""

import base64
import hashlib
from pathlib import Path

STYLE = Path(__file__).with_name("templates") / "style.css"  # of all our pages


def content_hash(text: str) -> str:
    """Return the hash source of an inline style or script for the Content-Security-Policy."""
    digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode("ascii")
    return f"sha256-{digest}"
