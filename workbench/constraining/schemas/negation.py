"""The opposite of a schema: what it does not allow. Its words are again those of JSON Schema, of any kind.

Some of it may be left out, such as numbers that are not whole, for which there are no words. So an opposite
has no opposite of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.constraining.schemas.schema import TYPES, Document, NotEnforceable, Path, Schema
from workbench.constraining.schemas.values import all_but

_DEEPEST = 64
_BOUNDS = {
    "minimum": ("number", "exclusiveMaximum", 0),
    "maximum": ("number", "exclusiveMinimum", 0),
    "exclusiveMinimum": ("number", "maximum", 0),
    "exclusiveMaximum": ("number", "minimum", 0),
    "minLength": ("string", "maxLength", -1),
    "maxLength": ("string", "minLength", 1),
    "minItems": ("array", "maxItems", -1),
    "maxItems": ("array", "minItems", 1),
    "minProperties": ("object", "maxProperties", -1),
    "maxProperties": ("object", "minProperties", 1),
}
"""For each keyword the type that it bounds, the keyword of the values beyond, and how far these begin."""

_OTHERS = frozenset(
    {
        "items", "contains", "pattern", "format", "multipleOf", "prefixItems", "additionalItems",
        "uniqueItems", "minContains", "maxContains", "oneOf", "dependencies", "dependentRequired",
        "dependentSchemas", "unevaluatedProperties", "unevaluatedItems", "$dynamicRef",
    }
)  # fmt: skip
"""Those whose opposite has no words."""

_DETAILS = frozenset({"additionalProperties", "patternProperties", "propertyNames"})
"""Those whose opposite is left out where another keyword has one."""


def opposite(schema: Schema, document: Document, path: Path) -> Schema:
    """Raises NotEnforceable for what has none."""
    if isinstance(schema, bool):
        return not schema
    if len(path) > _DEEPEST:
        raise NotEnforceable(path, "it nests too deeply")
    ways: list[Schema] = []
    for keyword, value in schema.items():
        document.count(path)
        ways += _without(keyword, value, schema, document, (*path, keyword))
    if len(ways) < 2 and (details := _DETAILS & schema.keys()):
        raise NotEnforceable((*path, min(details)), "its opposite cannot be enforced")
    return {"anyOf": ways} if ways else False


def _without(
    keyword: str, value: Any, schema: dict[str, Any], document: Document, path: Path
) -> Iterator[Schema]:
    """The ways in which a value fails this keyword."""
    match keyword:
        case "type":
            yield _other_types([value] if isinstance(value, str) else value)
        case "const":
            yield from all_but([value], path)
        case "enum":
            yield from all_but(value, path)
        case "required":
            yield from ({"type": "object", "properties": {name: False}} for name in value)
        case "properties":
            for name, inner in value.items():
                other = opposite(inner, document, (*path, name))
                yield {"type": "object", "required": [name], "properties": {name: other}}
        case "items" if "prefixItems" not in schema and isinstance(value, bool | dict):
            yield {"type": "array", "contains": opposite(value, document, path)}
        case "contains" if not {"minContains", "maxContains"} & schema.keys():
            yield {"type": "array", "items": opposite(value, document, path)}
        case "not":
            yield value
        case "anyOf":
            yield {"allOf": [opposite(one, document, (*path, str(at))) for at, one in enumerate(value)]}
        case "allOf":
            yield from (opposite(one, document, (*path, str(at))) for at, one in enumerate(value))
        case "if":
            met, otherwise = schema.get("then", True), schema.get("else", True)
            yield {"allOf": [value, opposite(met, document, path)]}
            yield {"allOf": [opposite(value, document, path), opposite(otherwise, document, path)]}
        case "$ref":
            yield opposite(document.followed({"$ref": value}, path), document, path)
        case _ if keyword in _BOUNDS and not isinstance(value, bool):
            name, beyond, step = _BOUNDS[keyword]
            if value + step >= 0 or name == "number":
                yield {"type": name, beyond: value + step}
        case _ if keyword in _OTHERS or keyword in _BOUNDS:
            raise NotEnforceable(path, "its opposite cannot be enforced")


def _other_types(named: list[str]) -> Schema:
    left_out = {*named, "number"} if "integer" in named else {*named}
    others = [name for name in TYPES if name not in left_out]
    return {"type": others} if others else False
