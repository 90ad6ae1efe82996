"""MKL's square roots and decimal logarithms have other bits on other processors."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CODE = sorted(path for folder in ("models", "pipeline") for path in (ROOT / folder).rglob("*.py"))


@pytest.mark.parametrize("path", CODE, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_tensor_has_them_taken(path):
    """Those of math and NumPy are others."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and node.attr in {"sqrt", "sqrt_", "log10"}:
            assert ast.unparse(node.value) in {"math", "np"}, ast.unparse(node)
