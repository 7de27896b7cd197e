"""`contains` and `uniqueItems`, said as which values stand at which places of an array."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, permutations
from math import comb, perm
from typing import Any

from workbench.constraining.schemas.negation import opposite
from workbench.constraining.schemas.schema import (
    TYPES,
    Document,
    NotEnforceable,
    Path,
    Schema,
    finite_values,
)

MOST_ARRANGEMENTS = 64
MOST_DISTINCT = 2000
_MOST_PLACES = 16
_NO_ARRAY = {"type": [name for name in TYPES if name != "array"]}


def containing(schema: dict[str, Any], document: Document, path: Path) -> list[Schema]:
    """What `contains`, `minContains` and `maxContains` ask for. Raises NotEnforceable."""
    wanted, least, most = schema["contains"], schema.get("minContains", 1), schema.get("maxContains")
    if most is None and least == 0:
        return []
    counts = range(least, (least if most is None else most) + 1)
    other = True if most is None else opposite(wanted, document, path)
    arrangements = [*_arrangements(counts, schema.get("maxItems", _MOST_PLACES))]
    if not arrangements and len(counts):
        raise NotEnforceable(path, "it has too many cases")
    ways = [_arranged(places, wanted, other) for places in arrangements]
    return [{"anyOf": [_NO_ARRAY, *ways]}]


def _arrangements(counts: range, longest: int) -> Iterator[tuple[int, ...]]:
    """Where so many items may stand; among the first few places only, where all would be too many."""
    fitting = (
        places
        for places in range(min(longest, _MOST_PLACES), -1, -1)
        if sum(comb(places, count) for count in counts) <= MOST_ARRANGEMENTS
    )
    places = next(fitting, 0)
    for count in counts:
        yield from combinations(range(places), count)


def _arranged(places: tuple[int, ...], wanted: Schema, other: Schema) -> Schema:
    length = places[-1] + 1 if places else 0
    items = [wanted if at in places else other for at in range(length)]
    beginning: dict[str, Any] = {"prefixItems": items, "minItems": length} if items else {}
    return {"type": "array", **beginning, "items": other}


def distinct(schema: dict[str, Any], document: Document, path: Path) -> list[Schema]:
    """What `uniqueItems` asks for: every array of different ones. Raises NotEnforceable."""
    longest = schema.get("maxItems")
    if not schema["uniqueItems"] or (longest is not None and longest < 2):
        return []
    values = None if "prefixItems" in schema else finite_values(schema.get("items", True), document, path)
    if values is None:
        raise NotEnforceable(path, "items can be kept apart only where their schema names a few values")
    most = len(values) if longest is None else min(longest, len(values))
    lengths = range(min(schema.get("minItems", 0), most + 1), most + 1)
    if sum(perm(len(values), length) for length in lengths) > MOST_DISTINCT:
        raise NotEnforceable(path, f"there are more than {MOST_DISTINCT} arrays of different items")
    arrays = [list(array) for length in lengths for array in permutations(values, length)]
    return [{"anyOf": [_NO_ARRAY, {"enum": arrays} if arrays else False]}]
