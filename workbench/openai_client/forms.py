"""How servers are told what an answer must look like, one way after another.

A way is believed only of a server that was seen to make a model say what it never would: one that takes
anything would not keep to it. JSON Schemas in OpenAI's own way are taken at their word. Broken forms would
tell as much, but there are servers that do not survive them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from workbench.constraint import Constraint, ConstraintKind
from workbench.openai_client.asking import Body, schema_of

WORD = "zqxj"
"""Which no model says unless it must."""
_SCHEMA = f'{{"type": "object", "properties": {{"{WORD}": {{"type": "boolean"}}}}, "required": ["{WORD}"]}}'
_SAMPLES: dict[ConstraintKind, str] = {
    "json_schema": _SCHEMA,
    "regex": WORD,
    "lark": f'start: "{WORD}"',
    "gbnf": f'root ::= "{WORD}"',
}
Way = str
STANDARD: Way = "response_format.json_schema"
_WAYS: dict[ConstraintKind, tuple[Way, ...]] = {
    "json_schema": (STANDARD, "response_format.json_object", "response_format.text"),
    "regex": ("regex", "structured_outputs.regex", "guided_regex", "response_format.regex"),
    "lark": ("grammar", "structured_outputs.grammar", "guided_grammar"),
    "gbnf": ("grammar", "structured_outputs.grammar", "guided_grammar"),
}


def ways(kind: ConstraintKind) -> tuple[Way, ...]:
    """The most usual first."""
    return _WAYS[kind]


def sample(kind: ConstraintKind) -> Constraint:
    """A form of which every answer has the word in it."""
    return Constraint(kind, _SAMPLES[kind])


def told(constraint: Constraint, way: Way) -> Body:
    """The members that ask for the form in this way. Raises InvalidRequest for a schema that is none."""
    return dict(_told(constraint, way))


def _told(constraint: Constraint, way: Way) -> Iterator[tuple[str, Any]]:
    text = constraint.text
    match way.partition("."):
        case ("response_format", _, "json_schema"):
            schema = {"name": "answer", "schema": schema_of(text), "strict": True}
            yield "response_format", {"type": "json_schema", "json_schema": schema}
        case ("response_format", _, "json_object"):
            yield "response_format", {"type": "json_object", "schema": schema_of(text)}
        case ("response_format", _, "text"):
            schema_of(text)
            yield "response_format", {"type": "json_object", "schema": text}
        case ("response_format", _, "regex"):
            yield "response_format", {"type": "regex", "value": text}
        case ("structured_outputs", _, member):
            yield "structured_outputs", {member: text}
        case (name, _, _):
            yield name, text
