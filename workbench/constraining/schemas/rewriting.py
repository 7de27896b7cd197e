"""A whole schema in words that llguidance knows: what it does not know becomes part of `allOf`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workbench.constraining.schemas.arrays import containing, distinct
from workbench.constraining.schemas.exclusion import exclusive
from workbench.constraining.schemas.negation import opposite
from workbench.constraining.schemas.objects import dependent, named
from workbench.constraining.schemas.schema import Document, NotEnforceable, Path, Schema
from workbench.constraining.schemas.unevaluated import other_items, other_properties

_ONE = frozenset({"items", "additionalItems", "additionalProperties"})
_LISTS = frozenset({"allOf", "anyOf", "prefixItems", "items"})
_BY_NAME = frozenset({"properties", "patternProperties", "$defs", "definitions"})
Meaning = Callable[[dict[str, Any], Document, Path], list[Schema]]


def _either(schema: dict[str, Any], document: Document, path: Path) -> list[Schema]:
    condition, met, otherwise = schema["if"], schema.get("then", True), schema.get("else", True)
    if met is True and otherwise is True:
        return []
    other = opposite(condition, document, path)
    return [{"anyOf": [{"allOf": [condition, met]}, {"allOf": [other, otherwise]}]}]


def _nothing(schema: dict[str, Any], document: Document, path: Path) -> list[Schema]:
    """The keyword is read with another."""
    return []


_MEANINGS: dict[str, Meaning] = {
    "not": lambda schema, document, path: [opposite(schema["not"], document, path)],
    "if": _either,
    "then": _nothing,
    "else": _nothing,
    "oneOf": lambda schema, document, path: [exclusive(schema["oneOf"], document, path)],
    "contains": containing,
    "minContains": _nothing,
    "maxContains": _nothing,
    "uniqueItems": distinct,
    "propertyNames": lambda schema, document, path: named(schema["propertyNames"], document, path),
    "unevaluatedProperties": other_properties,
    "unevaluatedItems": other_items,
    "dependentRequired": lambda schema, document, path: dependent(schema["dependentRequired"]),
    "dependentSchemas": lambda schema, document, path: dependent(schema["dependentSchemas"]),
    "dependencies": lambda schema, document, path: dependent(schema["dependencies"]),
}
"""What llguidance does not know, as schemas that must hold beside the others."""


def enforceable(schema: Schema) -> Schema:
    """Raises NotEnforceable where a keyword has no other words."""
    try:
        return _rewritten(schema, Document(schema), ())
    except (TypeError, ValueError, LookupError, AttributeError, RecursionError):
        raise NotEnforceable((), "it is no JSON Schema, or nests too deeply") from None


def _rewritten(schema: Schema, document: Document, path: Path) -> Schema:
    document.count(path)
    if isinstance(schema, bool):
        return schema
    kept: dict[str, Any] = {}
    conditions: list[Schema] = []
    for keyword, value in schema.items():
        place = (*path, keyword)
        if keyword in _MEANINGS:
            conditions += _MEANINGS[keyword](schema, document, place)
        else:
            kept[keyword] = _within(keyword, value, document, place)
    if conditions:
        kept["allOf"] = [*kept.get("allOf", []), *(_rewritten(one, document, path) for one in conditions)]
    return kept


def _within(keyword: str, value: Any, document: Document, path: Path) -> Any:
    if keyword in _BY_NAME:
        return {name: _rewritten(inner, document, (*path, name)) for name, inner in value.items()}
    if keyword in _LISTS and isinstance(value, list):
        return [_rewritten(inner, document, (*path, str(at))) for at, inner in enumerate(value)]
    return _rewritten(value, document, path) if keyword in _ONE else value
