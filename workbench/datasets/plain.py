"""A row as plain objects, in OpenAI's shape: what the plain format writes, and is read back as it was."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any

import msgspec

from workbench.conversation import Message, Tool, ToolCall
from workbench.datasets.row import Row, RowImage

Plain = dict[str, Any]


def plain_row(row: Row, *, arguments_as_text: bool = False) -> Plain:
    """The fields of the row's kind, without its origin and meta."""
    match row.kind:
        case "chat":
            told: Plain = {"messages": plain_messages(row, row.messages, 0, as_text=arguments_as_text)}
        case "text":
            return {"text": row.text}
        case "preference":
            told = _answers(row, {"chosen": row.chosen, "rejected": row.rejected}, arguments_as_text)
        case "kto":
            told = _answers(row, {"completion": row.completion}, arguments_as_text) | {"label": row.label}
    if row.tools:
        told["tools"] = [plain_tool(tool) for tool in row.tools]
    return told


def plain_messages(row: Row, messages: Sequence[Message], first: int, *, as_text: bool) -> list[Plain]:
    """`first` is the index of the first of these among the row's turns."""
    told = [plain_message(message, as_text=as_text) for message in messages]
    for index, weight in enumerate(row.weights):
        if messages[index].role == "assistant" and weight != 1:
            told[index]["weight"] = int(weight) if weight in (0, 1) else weight
    for image in row.images:
        if first <= image.message < first + len(messages):
            index = image.message - first
            told[index]["content"] = content_parts(messages[index].content, _of(row.images, image.message))
    return told


def plain_message(message: Message, *, as_text: bool = False) -> Plain:
    """`as_text` leaves the arguments of calls JSON text, as OpenAI has them; else they are objects."""
    told: Plain = {"role": message.role, "content": message.content}
    if message.reasoning:
        told["reasoning_content"] = message.reasoning
    if message.tool_calls:
        told["tool_calls"] = [_call(call, as_text) for call in message.tool_calls]
    if message.tool_call_id:
        told["tool_call_id"] = message.tool_call_id
    if message.name:
        told["name"] = message.name
    return told


def plain_tool(tool: Tool) -> Plain:
    function: Plain = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.strict:
        function["strict"] = True
    if tool.returns:
        function["return"] = tool.returns
    return {"type": "function", "function": function}


def image_url(source: str) -> Plain:
    return {"type": "image_url", "image_url": {"url": source}}


def content_parts(
    text: str, images: Iterable[RowImage], part: Callable[[str], Plain] = image_url
) -> list[Plain]:
    """Text and images in their order, `part` making that of an image out of its source."""
    parts: list[Plain] = []
    at = 0
    for image in images:
        if text[at : image.at]:
            parts.append({"type": "text", "text": text[at : image.at]})
        parts.append(part(image.source))
        at = image.at
    return [*parts, {"type": "text", "text": text[at:]}] if text[at:] else parts


def arguments_of(call: ToolCall) -> Any:
    """The arguments as an object, or as the text they are where that is no JSON."""
    try:
        return msgspec.json.decode(call.arguments or "{}")
    except (msgspec.DecodeError, RecursionError):
        return call.arguments


def _answers(row: Row, answers: dict[str, Sequence[Message]], as_text: bool) -> Plain:
    first = len(row.prompt)
    told: Plain = {"prompt": plain_messages(row, row.prompt, 0, as_text=as_text)}
    for name, messages in answers.items():
        told[name] = plain_messages(row, messages, first, as_text=as_text)
        first += len(messages)
    return told


def _of(images: Iterable[RowImage], message: int) -> list[RowImage]:
    return sorted((image for image in images if image.message == message), key=lambda image: image.at)


def _call(call: ToolCall, as_text: bool) -> Plain:
    arguments = (call.arguments or "{}") if as_text else arguments_of(call)
    told: Plain = {"id": call.id} if call.id else {}
    return told | {"type": "function", "function": {"name": call.name, "arguments": arguments}}
