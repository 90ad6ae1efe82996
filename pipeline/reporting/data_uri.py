"""Files embedded in the page."""

import base64


def data_uri(media_type: str, content: bytes) -> str:
    """Encode `content` as a data URI."""
    return f"data:{media_type};base64,{base64.b64encode(content).decode('ascii')}"
