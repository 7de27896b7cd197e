"""`oneOf`, said as `anyOf` whose alternatives exclude each other."""

from __future__ import annotations

from typing import Any

from workbench.constraining.schemas.negation import opposite
from workbench.constraining.schemas.schema import (
    Document,
    Path,
    Schema,
    finite_values,
    types_of,
)


def exclusive(choices: list[Schema], document: Document, path: Path) -> Schema:
    """Each of them without the others that it might share a value with. Raises NotEnforceable."""
    ways: list[Schema] = []
    for at, choice in enumerate(choices):
        others = [
            opposite(other, document, (*path, str(place)))
            for place, other in enumerate(choices)
            if place != at and not _are_apart(choice, other, document, path)
        ]
        document.count(path)
        ways.append({"allOf": [choice, *others]} if others else choice)
    return {"anyOf": ways}


def _are_apart(one: Schema, other: Schema, document: Document, path: Path) -> bool:
    """Whether no value is known to keep to both; True only where that is certain."""
    one, other = document.followed(one, path), document.followed(other, path)
    if one is False or other is False:
        return True
    if not (isinstance(one, dict) and isinstance(other, dict)):
        return False
    if not _common(types_of(one), types_of(other)):
        return True
    values = [finite_values(schema, document, path) for schema in (one, other)]
    if values[0] is not None and values[1] is not None and not _common_values(*values):
        return True
    if not types_of(one) == types_of(other) == ["object"]:
        return False
    return (
        _leaves_out(one, other)
        or _leaves_out(other, one)
        or any(
            _are_apart(one["properties"][name], other["properties"][name], document, path)
            for name in _needed(one) & _needed(other)
        )
    )


def _leaves_out(one: dict[str, Any], other: dict[str, Any]) -> bool:
    """Whether the other needs a property that this one does not allow."""
    closed = one.get("additionalProperties") is False and "patternProperties" not in one
    return closed and not set(other.get("required", ())) <= one.get("properties", {}).keys()


def _needed(schema: dict[str, Any]) -> set[str]:
    """The properties of which a schema is known, and that must be there."""
    return set(schema.get("properties", {})) & set(schema.get("required", ()))


def _common(types: list[str], others: list[str]) -> bool:
    def counted(names: list[str]) -> set[str]:
        return {"number" if name == "integer" else name for name in names}

    return bool(counted(types) & counted(others))


def _common_values(values: list[Any] | None, others: list[Any] | None) -> bool:
    """By Python's equality, which takes true for 1; then they are not held to be apart."""
    return any(value in (others or []) for value in values or [])
