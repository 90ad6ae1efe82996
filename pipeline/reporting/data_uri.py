"""Files inside of the page."""

import base64


def data_uri(media_type: str, content: bytes) -> str:
    """Return `content` as an address that needs no network."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
