"""What a JSON Schema is made of, and what is raised where it cannot be put into other words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

Schema = bool | dict[str, Any]
Path = tuple[str, ...]
TYPES = ("null", "boolean", "number", "string", "array", "object")
MOST_NODES = 20_000
"""Schemas that the new words may hold altogether."""

_MOST_LINKS = 32


class NotEnforceable(Exception):
    """No grammar can be made of the keyword at that path."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(reason)
        self.place = ".".join(path)
        self.reason = reason


@dataclass(slots=True)
class Document:
    """The whole schema, to which its references point."""

    root: Schema
    nodes: int = 0

    def count(self, path: Path) -> None:
        """One more schema was written. Raises NotEnforceable where these are too many."""
        self.nodes += 1
        if self.nodes > MOST_NODES:
            raise NotEnforceable(path, "it has too many cases")

    def followed(self, schema: Schema, path: Path) -> Schema:
        """The schema that a reference alone stands for; any other is itself. Raises NotEnforceable."""
        for _ in range(_MOST_LINKS):
            if not (isinstance(schema, dict) and set(schema) == {"$ref"}):
                return schema
            schema = self._at(schema["$ref"], path)
        raise NotEnforceable((*path, "$ref"), "it refers to itself")

    def _at(self, reference: object, path: Path) -> Schema:
        found: Any = self.root
        if not (isinstance(reference, str) and reference.startswith("#")):
            raise NotEnforceable((*path, "$ref"), "it is not followed here")
        for step in reference[1:].split("/")[1:]:
            name = step.replace("~1", "/").replace("~0", "~")
            if isinstance(found, list) and name.isdigit() and int(name) < len(found):
                found = found[int(name)]
            elif isinstance(found, Mapping) and name in found:
                found = found[name]
            else:
                raise NotEnforceable((*path, "$ref"), "it refers to nothing")
        if not isinstance(found, bool | dict):
            raise NotEnforceable((*path, "$ref"), "it refers to no schema")
        return found


def types_of(schema: Schema) -> list[str]:
    """The types that its `type` names, all where it names none."""
    named = schema.get("type", list(TYPES)) if isinstance(schema, dict) else list(TYPES)
    return [named] if isinstance(named, str) else list(named)


def finite_values(schema: Schema, document: Document, path: Path) -> list[Any] | None:
    """The few values, each once, that it allows at most; None where they are not few."""
    schema = document.followed(schema, path)
    match schema:
        case False:
            return []
        case {"const": value}:
            return [value]
        case {"enum": list(values)}:
            return [value for at, value in enumerate(values) if value not in values[:at]]
        case {"type": "boolean"}:
            return [False, True]
        case {"type": "null"}:
            return [None]
        case {"type": "integer", "minimum": int(low), "maximum": int(high)} if high - low < 16:
            return list(range(low, high + 1))
        case _:
            return None
