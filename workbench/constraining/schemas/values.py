"""Everything but a few values, as a schema. Knows no keyword that holds schemas."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from workbench.constraining.schemas.schema import TYPES, NotEnforceable, Path, Schema

_REST = "(?s:.*)"


def all_but(values: Sequence[Any], path: Path) -> list[Schema]:
    """Alternatives that together allow every other value. Raises NotEnforceable."""
    met = {type_of(value) for value in values}
    others = [name for name in TYPES if name not in met]
    alternatives: list[Schema] = [{"type": others}] if others else []
    if "boolean" in met:
        alternatives += [{"const": one} for one in (True, False) if not any(one is value for value in values)]
    if "number" in met:
        alternatives += _numbers_but([one for one in values if type_of(one) == "number"])
    if "string" in met:
        alternatives.append(
            {"type": "string", "pattern": _text_but([x for x in values if isinstance(x, str)])}
        )
    for name, empty, least in (("array", [], "minItems"), ("object", {}, "minProperties")):
        if name in met:
            if any(value != empty for value in values if type_of(value) == name):
                raise NotEnforceable(path, f"an {name} cannot be left out")
            alternatives.append({"type": name, least: 1})
    return alternatives


def type_of(value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"


def _numbers_but(values: Sequence[float]) -> list[Schema]:
    """The gaps between them."""
    rising = sorted(set(values))
    lows = [{"exclusiveMinimum": value} for value in rising]
    highs = [{"exclusiveMaximum": value} for value in rising]
    return [{"type": "number", **low, **high} for low, high in zip([{}, *lows], [*highs, {}], strict=True)]


def _text_but(words: Sequence[str]) -> str:
    """A pattern of all texts but these: each leaves them at some letter, or ends before they do."""
    beginnings = sorted({word[:length] for word in words for length in range(len(word) + 1)})
    ways = []
    for begun in beginnings:
        letters = {word[len(begun)] for word in words if word.startswith(begun) and word != begun}
        other = "[^" + "".join(map(re.escape, sorted(letters))) + "]" if letters else "(?s:.)"
        ways.append(re.escape(begun) + other + _REST)
        if begun not in words:
            ways.append(re.escape(begun))
    return "^(?:" + "|".join(ways) + ")$"
