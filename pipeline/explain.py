"""Describe validation errors of params.yaml in one line, with the dotted path of the parameter."""

import difflib
import json
import re
from collections.abc import Iterable
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

_LONGEST_VALUE = 60


def explain(error: ValidationError, raw: Any) -> str:
    """Describe the first problem of `raw`, the content of a file, in one line.

    An unknown key precedes a missing one, which it may misspell.
    """
    problems = error.errors(include_url=False)
    first = min(problems, key=lambda problem: problem["type"] != "extra_forbidden")
    more = len(problems) - 1
    others = f" (and {more} more problem{'s' * (more > 1)})" if more else ""
    return _printable(_describe(first, problems, raw)) + others


def _printable(text: str) -> str:
    """Escape line breaks and control characters, which a key may contain."""
    return "".join(
        character if character.isprintable() else character.encode("unicode_escape").decode()
        for character in text
    )


def nearest(name: str, names: Iterable[str]) -> str:
    """Return "; did you mean ...?" with the most similar of `names`, "" if none is similar."""
    match = difflib.get_close_matches(name, list(names), n=1)
    return f"; did you mean {match[0]}?" if match else ""


def _describe(problem: ErrorDetails, problems: list[ErrorDetails], raw: Any) -> str:
    where, variant = _locate(problem["loc"], raw)
    given, context = problem["input"], problem.get("ctx", {})
    match problem["type"]:
        case "extra_forbidden":
            parent, _, key = where.rpartition(".")
            remedy = nearest(key, _missing_in(parent, problems, raw))
            return f"{where} is not a parameter{remedy or f'{variant}; remove it'}"
        case "missing":
            return f"{where} is missing; add it"
        case "union_tag_not_found":
            tag = context["discriminator"].strip("'")
            misspelt = difflib.get_close_matches(tag, given, n=1)
            if misspelt:
                return f"{where}.{misspelt[0]} is not a parameter; did you mean {tag}?"
            return f"{where}.{tag} is missing; add it"
        case "union_tag_invalid":
            where += "." + context["discriminator"].strip("'")
            return _not_among(where, context["tag"], context["expected_tags"])
        case "enum" | "literal_error":
            return _not_among(where, given, context["expected"])
        case "model_type" | "dict_type" | "model_attributes_type":
            value = "is empty" if given is None else f"= {_short(given)}"
            return f"{where} {value}: should have keys and values"
        case "too_short":
            return f"{where} is empty: should have at least one entry"
        case "value_error" if isinstance(given, dict) or problem["loc"][-1] == "[key]":
            return f"{where}: {context['error']}"
        case "value_error":
            return f"{where} = {_short(given)}: {context['error']}"
        case kind:
            message = problem["msg"].replace("Input should", "should")
            return f"{where} = {_short(given)}: {message}{_about_quotes(kind, given)}"


def _missing_in(parent: str, problems: list[ErrorDetails], raw: Any) -> list[str]:
    """Return the missing keys of the mapping at `parent`."""
    paths = [
        _locate(problem["loc"], raw)[0] for problem in problems if problem["type"] == "missing"
    ]
    return [path.rpartition(".")[2] for path in paths if path.rpartition(".")[0] == parent]


def _not_among(where: str, given: Any, expected: str) -> str:
    """Describe a value outside `expected`, which is pydantic's list of strings or enum members."""
    names = re.findall(r"'(\w+)'", expected)
    return f"{where} = {_short(given)}: should be {' or '.join(names)}{nearest(str(given), names)}"


def _about_quotes(kind: str, given: Any) -> str:
    if kind == "string_type" and isinstance(given, int | float):
        return "; put it in quotes"
    if kind in ("int_type", "float_type") and isinstance(given, str):
        return "; write a number without quotes"
    return ""


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _LONGEST_VALUE else f"{text[:_LONGEST_VALUE]}..."


def _locate(location: tuple[str | int, ...], raw: Any) -> tuple[str, str]:
    """Return the dotted path of a parameter and the discriminator that selected its type.

    pydantic's location also has the tag of each discriminated union on the way, such as `image` in
    datasets.digits.image.encoding; the path leaves it out, the second part is " for task = image".
    """
    kept, variant, here = [], "", raw
    for part in location:
        if part == "[key]":
            continue
        if isinstance(here, dict) and part not in here:
            chosen_by = [key for key, value in here.items() if value == part]
            if chosen_by:
                variant = f" for {chosen_by[0]} = {part}"
                continue
        kept.append(str(part))
        here = here.get(part) if isinstance(here, dict) else None
    return ".".join(kept) or "the file", variant
