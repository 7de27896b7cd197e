"""`propertyNames` and what some properties ask for of others, said as which properties there may be."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.constraining.schemas.schema import Document, NotEnforceable, Path, Schema


def named(names: Schema, document: Document, path: Path) -> list[Schema]:
    """What a `propertyNames` of that schema asks for. Raises NotEnforceable."""
    return list(_named(document.followed(names, path), document, path))


def _named(names: Schema, document: Document, path: Path) -> Iterator[Schema]:
    if names is False:
        yield {"maxProperties": 0}
    if isinstance(names, bool):
        return
    for keyword, value in names.items():
        place = (*path, keyword)
        match keyword:
            case "pattern":
                yield _only(patternProperties={value: True})
            case "minLength" if "maxLength" not in names:
                yield _only(patternProperties={f"^(?s:.{{{value},}})$": True})
            case "maxLength":
                yield _only(patternProperties={f"^(?s:.{{{names.get('minLength', 0)},{value}}})$": True})
            case "enum":
                yield _only(properties={one: True for one in value if isinstance(one, str)})
            case "const":
                yield _only(properties={value: True} if isinstance(value, str) else {})
            case "not":
                yield _none_of(value, (*path, keyword))
            case "allOf":
                for at, one in enumerate(value):
                    yield from _named(one, document, (*place, str(at)))
            case "type" if "string" not in ([value] if isinstance(value, str) else value):
                yield {"maxProperties": 0}
            case "type" | "minLength" | "title" | "description" | "$comment":
                pass
            case _:
                raise NotEnforceable(place, "names of properties cannot be held to it")


def _only(**named: dict[str, Schema]) -> Schema:
    return {**named, "additionalProperties": False}


def _none_of(names: Schema, path: Path) -> Schema:
    match names:
        case {"enum": list(left_out), **others} if not others:
            return {"properties": {one: False for one in left_out if isinstance(one, str)}}
        case {"const": left_out, **others} if not others:
            return {"properties": {left_out: False} if isinstance(left_out, str) else {}}
        case _:
            raise NotEnforceable(path, "names of properties cannot be held to it")


def dependent(asked: dict[str, Any]) -> list[Schema]:
    """What there must be beside each of these properties: others, or that a schema is kept to."""
    return [
        {
            "anyOf": [
                {"properties": {name: False}},
                {"required": needs} if isinstance(needs, list) else needs,
            ]
        }
        for name, needs in asked.items()
    ]
