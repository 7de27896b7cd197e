"""What llguidance says of a constraint that it cannot enforce, in one sentence that names the place.

Knows the form of its messages; one of another form is passed on as it is.
"""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Iterator
from typing import Any

from workbench.constraint import Constraint, ConstraintKind
from workbench.errors import InvalidConstraint

_NAMES: dict[ConstraintKind, str] = {
    "json_schema": "schema",
    "regex": "regular expression",
    "lark": "grammar",
    "gbnf": "grammar",
}
_UNKNOWN_KEYWORDS = re.compile(r"Unimplemented keys: \[(.*)\]")
_DRAWN = re.compile(r"^[\s^]*$|^\s*\d+ \| |^<non-verbose/>$|^\s+")
"""Lines that show the text again, with marks under it."""

_CAUSE = re.compile(r"^error: (.+)", re.MULTILINE)
MOST_CHARACTERS = 300
_NAMING = ("properties", "$defs", "definitions")
"""Below these are names that are no keywords."""

_NOTHING_MATCHES = ("NoExtension", "NoExtensionBias")


def refusal(constraint: Constraint, said: str, place: str = "") -> InvalidConstraint:
    """`said` is the whole message, and `place` that of the keyword in a schema, where it is known."""
    name = _NAMES[constraint.kind]
    if not place and constraint.kind == "json_schema":
        place = _place(constraint.text, said)
    where = f" at {place}" if place else ""
    return InvalidConstraint(
        f"The {name} cannot be enforced{where}: {_reason(said)}.", f"Correct the {name}."
    )


def _reason(said: str) -> str:
    if keywords := _UNKNOWN_KEYWORDS.search(said):
        return f"{keywords[1].replace(chr(34), '')} is not supported"
    if cause := _CAUSE.search(said):
        return cause[1]
    reason = " ".join(line for line in said.splitlines() if not _DRAWN.match(line)).rstrip(". ")
    return "no text matches it" if reason in _NOTHING_MATCHES else textwrap.shorten(reason, MOST_CHARACTERS)


def _place(schema: str, said: str) -> str:
    """The path of the keyword that the message speaks of most, such as "properties.a.type"; "" for none."""
    words = set(re.findall(r"[$\w]+", said))
    best, most = "", 0
    for path, keyword, value in _keywords(json.loads(schema), ()):
        values = value if isinstance(value, list) else [value]
        named = any(isinstance(one, str) and len(one) > 1 and one.lstrip("#") in said for one in values)
        score = (keyword in words) + named
        if score > most:
            best, most = ".".join((*path, keyword)), score
    return best


def _keywords(schema: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str, Any]]:
    if isinstance(schema, dict):
        for keyword, value in schema.items():
            if not path or path[-1] not in _NAMING:
                yield path, keyword, value
            yield from _keywords(value, (*path, keyword))
    elif isinstance(schema, list):
        for index, value in enumerate(schema):
            yield from _keywords(value, (*path, str(index)))
