"""`unevaluatedProperties` and `unevaluatedItems`, said as what is allowed beside all that is named.

What is named only under some condition, as by `anyOf`, cannot be told ahead.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from workbench.constraining.schemas.schema import Document, NotEnforceable, Path, Schema

_CONDITIONS = ("anyOf", "oneOf", "if", "dependentSchemas", "$dynamicRef")
_DEEPEST = 32


@dataclass(slots=True)
class _Named:
    """What a schema and those that hold beside it name; `all` where they speak of everything."""

    properties: dict[str, Schema] = field(default_factory=dict)
    patterns: dict[str, Schema] = field(default_factory=dict)
    items: int = 0
    all_properties: bool = False
    all_items: bool = False


def other_properties(schema: dict[str, Any], document: Document, path: Path) -> list[Schema]:
    """Raises NotEnforceable."""
    named, others = _named(schema, document, path)
    if named.all_properties:
        return []
    return [
        {
            "properties": named.properties,
            "patternProperties": named.patterns,
            "additionalProperties": others,
        }
    ]


def other_items(schema: dict[str, Any], document: Document, path: Path) -> list[Schema]:
    """Raises NotEnforceable."""
    named, others = _named(schema, document, path)
    if "contains" in schema:
        raise NotEnforceable(path, "beside contains it cannot be enforced")
    if named.all_items:
        return []
    return [{"prefixItems": [True] * named.items, "items": others} if named.items else {"items": others}]


def _named(schema: dict[str, Any], document: Document, path: Path) -> tuple[_Named, Schema]:
    """What is named beside the keyword that the path ends with, and what that keyword says of all else."""
    own = {keyword: value for keyword, value in schema.items() if keyword != path[-1]}
    named = _Named()
    _name(own, document, path, named)
    return named, schema[path[-1]]


def _name(schema: Schema, document: Document, path: Path, named: _Named) -> None:
    if len(path) > _DEEPEST:
        raise NotEnforceable(path, "it nests too deeply")
    if isinstance(schema, bool):
        return
    for condition in _CONDITIONS:
        if condition in schema:
            raise NotEnforceable(path, f"beside {condition} it cannot be enforced")
    named.properties |= dict.fromkeys(schema.get("properties", {}), True)
    named.patterns |= dict.fromkeys(schema.get("patternProperties", {}), True)
    items = schema.get("items")
    first = items if isinstance(items, list) else schema.get("prefixItems", [])
    named.items = max(named.items, len(first))
    named.all_properties |= bool({"additionalProperties", "unevaluatedProperties"} & schema.keys())
    rest = "additionalItems" if first is items else "items"
    named.all_items |= bool({rest, "unevaluatedItems"} & schema.keys())
    beside = [*schema.get("allOf", [])]
    if "$ref" in schema:
        beside.append(document.followed({"$ref": schema["$ref"]}, path))
    for one in beside:
        _name(one, document, (*path, ""), named)
