"""What a request says of the form of its answer: OpenAI's response_format, and the names that others gave it.

`json_schema` and `grammar` are llama-server's, `guided_...` and `structured_outputs` are vLLM's, `regex` is
SGLang's. A grammar is GBNF or Lark. Knows nothing of how a form is enforced.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Annotated, Any

from msgspec import Meta, Struct

from workbench.constraint import ANY_OBJECT, Constraint, grammar
from workbench.openai_dialect.parameter_errors import InvalidParameter
from workbench.openai_dialect.sampling_fields import SamplingFields
from workbench.openai_dialect.wire import encode

Schema = dict[str, Any]
Text = Annotated[str, Meta(min_length=1)]
Choices = Annotated[list[Text], Meta(min_length=1)]
Asked = tuple[str, Constraint]
"""A parameter and what it asks for."""


class NamedSchema(Struct, kw_only=True):
    """`strict` changes nothing: the answer keeps to the schema in any case."""

    name: Annotated[str, Meta(pattern="^[a-zA-Z0-9_-]{1,64}$")]
    description: str | None = None
    schema: Schema | None = None
    strict: bool | None = None


class TextFormat(Struct, tag_field="type", tag="text"):
    """Any text."""


class JsonObjectFormat(Struct, tag_field="type", tag="json_object", kw_only=True):
    """Any JSON object, or one of this schema, as llama-server has it."""

    schema: Schema | None = None


class JsonSchemaFormat(Struct, tag_field="type", tag="json_schema", kw_only=True):
    """A value of this schema."""

    json_schema: NamedSchema


class StructuredOutputs(Struct, kw_only=True):
    """One of these."""

    json: Schema | Text | None = None
    json_object: bool | None = None
    regex: Text | None = None
    choice: Choices | None = None
    grammar: Text | None = None


class ConstraintFields(SamplingFields, kw_only=True):
    """At most one of them asks for a form."""

    response_format: TextFormat | JsonObjectFormat | JsonSchemaFormat | None = None
    json_schema: Schema | Text | None = None
    grammar: Text | None = None
    regex: Text | None = None
    guided_json: Schema | Text | None = None
    guided_regex: Text | None = None
    guided_choice: Choices | None = None
    guided_grammar: Text | None = None
    structured_outputs: StructuredOutputs | None = None

    def constraint(self) -> Constraint | None:
        """Raises InvalidParameter when several are asked for."""
        first, *others = [*self._asked(), None]
        if first and others[0]:
            name, other = first[0], others[0][0]
            raise InvalidParameter(f"{name} and {other} are both given.", "Send one of them.", other)
        return first[1] if first else None

    @property
    def form_parameter(self) -> str | None:
        """The name of the one that asks for a form."""
        return next((name for name, _ in self._asked()), None)

    def _asked(self) -> Iterator[Asked]:
        yield from _of_format(self.response_format)
        yield from _of_schema("json_schema", self.json_schema)
        yield from _of_grammar("grammar", self.grammar)
        yield from _of_regex("regex", self.regex)
        yield from _of_schema("guided_json", self.guided_json)
        yield from _of_regex("guided_regex", self.guided_regex)
        yield from _of_choice("guided_choice", self.guided_choice)
        yield from _of_grammar("guided_grammar", self.guided_grammar)
        if outputs := self.structured_outputs:
            yield from _of_schema("structured_outputs.json", outputs.json)
            if outputs.json_object:
                yield "structured_outputs.json_object", ANY_OBJECT
            yield from _of_regex("structured_outputs.regex", outputs.regex)
            yield from _of_choice("structured_outputs.choice", outputs.choice)
            yield from _of_grammar("structured_outputs.grammar", outputs.grammar)


def _of_format(wanted: TextFormat | JsonObjectFormat | JsonSchemaFormat | None) -> Iterator[Asked]:
    match wanted:
        case JsonObjectFormat(schema=schema):
            yield "response_format", ANY_OBJECT if schema is None else _schema(schema)
        case JsonSchemaFormat(json_schema=named):
            yield "response_format", ANY_OBJECT if named.schema is None else _schema(named.schema)


def _of_schema(name: str, schema: Schema | str | None) -> Iterator[Asked]:
    if schema is not None:
        yield name, _schema(schema)


def _of_grammar(name: str, text: str | None) -> Iterator[Asked]:
    if text is not None:
        yield name, grammar(text)


def _of_regex(name: str, text: str | None) -> Iterator[Asked]:
    if text is not None:
        yield name, Constraint("regex", text)


def _of_choice(name: str, choices: Sequence[str] | None) -> Iterator[Asked]:
    if choices is not None:
        yield name, Constraint("regex", "|".join(re.escape(choice) for choice in choices))


def _schema(schema: Schema | str) -> Constraint:
    return Constraint("json_schema", schema if isinstance(schema, str) else encode(schema).decode())
