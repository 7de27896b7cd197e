"""Whether calls of tools are sound: JSON that keeps to the tool's schema, and each call answered.

Knows no template. Schemas come from strangers: what they refer to elsewhere is not fetched.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from functools import lru_cache
from typing import Any

from workbench.conversation import Conversation, Message, Tool, ToolCall
from workbench.datasets.target.remarks import Remark
from workbench.errors import InvalidConstraint


def tool_remarks(conversation: Conversation) -> Iterator[Remark]:
    """What is wrong with the calls of a conversation, and with the answers to them."""
    tools = {tool.name: tool for tool in conversation.tools}
    waiting = list[tuple[int, ToolCall]]()
    for place, message in enumerate(conversation.messages):
        if message.role == "tool":
            yield from _answered(place, message, waiting, tools)
            continue
        yield from _unanswered(waiting)
        waiting = [(place, call) for call in message.tool_calls]
        for call in message.tool_calls:
            yield from _call(place, call, tools)
    if conversation.messages and conversation.messages[-1].role == "tool":
        yield from _unanswered(waiting)


def _answered(
    place: int, message: Message, waiting: list[tuple[int, ToolCall]], tools: Mapping[str, Tool]
) -> Iterator[Remark]:
    """Take the call that the message answers out of those that wait."""
    for pair in waiting:
        if pair[1].id == message.tool_call_id or not (pair[1].id and message.tool_call_id):
            waiting.remove(pair)
            if pair[1].name in tools:
                yield from _result(place, message, tools[pair[1].name])
            return
    yield Remark(
        "answer-without-call",
        "error",
        f"Message {place + 1} answers a call that was not made.",
        "Give it the id of the call, or leave it out.",
    )


def schema_remarks(tools: Iterable[Tool]) -> Iterator[Remark]:
    """Tools whose schemas are none, whether they are called or not."""
    for tool in tools:
        for schema in (tool.parameters, tool.returns):
            if fault := schema_error(schema):
                remedy = "Write it as JSON Schema has it."
                yield Remark("tool-schema", "error", f"Of the tool {tool.name} {fault}.", remedy)


def _unanswered(waiting: list[tuple[int, ToolCall]]) -> Iterator[Remark]:
    for place, call in waiting:
        yield Remark(
            "call-unanswered",
            "error",
            f"The call of {call.name} in message {place + 1} is not answered.",
            "Add the tool's answer after it.",
        )
    waiting.clear()


def _call(place: int, call: ToolCall, tools: Mapping[str, Tool]) -> Iterator[Remark]:
    where = f"The call of {call.name} in message {place + 1}"
    if tools and call.name not in tools:
        remedy = f"There are {', '.join(sorted(tools))}."
        yield Remark("unknown-tool", "error", f"{where} is of no tool of the row.", remedy)
    try:
        arguments = json.loads(call.arguments or "{}")
    except (ValueError, RecursionError) as error:
        yield Remark("arguments-not-json", "error", f"{where} is no JSON: {error}.", "Mend its arguments.")
        return
    if not isinstance(arguments, dict):
        yield Remark(
            "arguments-not-json", "error", f"{where} has no object for its arguments.", "Give it one."
        )
        return
    if call.name in tools and (fault := schema_fault(arguments, tools[call.name].parameters)):
        yield Remark(
            "arguments-off-schema",
            "error",
            f"{where} does not keep to the schema: {fault}.",
            "Mend the arguments, or the schema.",
        )


def check_schema(schema: Mapping[str, Any]) -> None:
    """Raises InvalidConstraint for what is no schema."""
    from jsonschema.exceptions import SchemaError

    try:
        _validator(json.dumps(schema, sort_keys=True))
    except SchemaError as error:
        raise InvalidConstraint(f"The schema is wrong: {error.message[:200]}.", "Correct it.") from None


def _result(place: int, message: Message, tool: Tool) -> Iterator[Remark]:
    """A schema may be that of the text or of the JSON in it."""
    fault = schema_fault(message.content, tool.returns) if tool.returns else ""
    if fault:
        with suppress(ValueError, RecursionError):
            fault = schema_fault(json.loads(message.content), tool.returns)
    if fault:
        yield Remark(
            "result-off-schema",
            "error",
            f"Message {place + 1} is not what {tool.name} gives back by its schema: {fault}.",
            "Mend the result, or the schema.",
        )


def schema_fault(value: Any, schema: Mapping[str, Any]) -> str:
    """What of the value is against the schema, or of the schema no schema; "" where all is well."""
    from jsonschema.exceptions import ValidationError

    if fault := schema_error(schema):
        return fault
    try:
        _validator(json.dumps(schema, sort_keys=True)).validate(value)
    except ValidationError as error:
        return f"{'.'.join(map(str, error.absolute_path)) or 'it'}: {error.message[:200]}"
    except Exception as error:  # references that lead nowhere, patterns that are none
        return f"the schema cannot be used: {str(error)[:200]}"
    return ""


def schema_error(schema: Mapping[str, Any]) -> str:
    """What of the schema is no schema; "" where all is well."""
    from jsonschema.exceptions import SchemaError

    try:
        _validator(json.dumps(schema, sort_keys=True))
    except SchemaError as error:
        return f"the schema itself is wrong: {error.message[:200]}"
    except Exception as error:  # a dialect that is unknown, nesting without end
        return f"the schema cannot be used: {str(error)[:200]}"
    return ""


@lru_cache(maxsize=256)
def _validator(schema: str) -> Any:
    from jsonschema.validators import validator_for
    from referencing import Registry

    loaded = json.loads(schema)
    kind = validator_for(loaded)
    kind.check_schema(loaded)
    return kind(loaded, registry=Registry())
