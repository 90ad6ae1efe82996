"""The processor of this machine, as Linux describes it."""

import platform
import re
from pathlib import Path

_INFORMATION = Path("/proc/cpuinfo")
_VECTORS = {"avx512f": "AVX-512", "avx2": "AVX2"}  # by flag, widest first


def model() -> str:
    """Its name."""
    return _field("model name") or platform.processor() or platform.machine()


def vendor() -> str:
    """Its vendor, or an empty string if the system does not say."""
    return _field("vendor_id")


def vectors() -> str:
    """Its widest vector instructions, AVX-512 or AVX2; an empty string if it has neither."""
    flags = _field("flags").split()
    return next((name for flag, name in _VECTORS.items() if flag in flags), "")


def _field(name: str) -> str:
    text = _INFORMATION.read_text(encoding="utf-8") if _INFORMATION.exists() else ""
    found = re.search(rf"^{name}\s*: (.+)$", text, re.MULTILINE)
    return found[1] if found else ""
