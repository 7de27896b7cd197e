"""A conversation as chat templates expect it: plain dictionaries, in the shape transformers documents.

What families differ in (whether a call's arguments are an object or text, whether a turn of calls alone has
an empty text or none) is found out by asking the template itself. Knows nothing of sandboxes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from workbench.conversation import Conversation, Message, Tool, ToolCall

TemplateMessage = dict[str, Any]
_SHORT_ID = re.compile(r"[a-zA-Z0-9]{9}")


@dataclass(frozen=True, slots=True)
class CallStyle:
    """How a template wants calls.

    Attributes:
        as_text: Arguments are JSON text, not an object.
        empty: What a turn without text has for its content; None means that it has no content.
        short_ids: Ids have nine letters or digits, and the template refuses others.
    """

    as_text: bool = False
    empty: str | None = ""
    short_ids: bool = False


STYLES = tuple(
    CallStyle(as_text, empty, short_ids)
    for short_ids in (False, True)
    for as_text in (False, True)
    for empty in ("", None)
)
_PROBE = Conversation(
    (
        Message("user", "probe_question"),
        Message(
            "assistant", "", tool_calls=(ToolCall("call_12345678", "probe_name", '{"probe_key": "v1"}'),)
        ),
        Message("tool", "probe_result", tool_call_id="call_12345678", name="probe_name"),
    ),
    (Tool(name="probe_name", description="probe", parameters={"type": "object", "properties": {}}),),
)


def style_of(render: Callable[[Conversation, CallStyle], str]) -> CallStyle | None:
    """The first style in which the template writes a call whole; None where it cannot write calls.

    `render` returns "" where the template refuses.
    """
    for style in STYLES:
        written = render(_PROBE, style)
        called = written.partition("probe_question")[2].partition("probe_result")[0]
        if (
            "probe_name" in called
            and "probe_key" in called
            and "v1" in called
            and "'probe_key'" not in called
        ):
            return style
    return None


def template_messages(conversation: Conversation, style: CallStyle) -> list[TemplateMessage]:
    return [_message(message, style) for message in conversation.messages]


def template_tools(conversation: Conversation) -> list[dict[str, Any]] | None:
    """None where there are none, as transformers has it."""
    return [_tool(tool) for tool in conversation.tools] or None


def _message(message: Message, style: CallStyle) -> TemplateMessage:
    told: TemplateMessage = {"role": message.role}
    if message.content or not message.tool_calls or style.empty is not None:
        told["content"] = message.content
    elif style.empty is None:
        told["content"] = None
    if message.reasoning:
        told = {"thinking": message.reasoning, **told, "reasoning_content": message.reasoning}
    if message.tool_calls:
        told["tool_calls"] = [_call(call, style) for call in message.tool_calls]
    if message.tool_call_id:
        told["tool_call_id"] = _id(message.tool_call_id, style)
    if message.name:
        told["name"] = message.name
    return told


def _call(call: ToolCall, style: CallStyle) -> dict[str, Any]:
    arguments: Any = call.arguments or "{}"
    if not style.as_text:
        with suppress(ValueError):  # a model wrote it; what is no JSON is shown as it is
            arguments = json.loads(arguments)
    function = {"name": call.name, "arguments": arguments}
    return {"id": _id(call.id, style), "type": "function", "function": function}


def _id(call_id: str, style: CallStyle) -> str:
    if not style.short_ids or _SHORT_ID.fullmatch(call_id):
        return call_id
    return hashlib.blake2s(call_id.encode()).hexdigest()[:9]


def _tool(tool: Tool) -> dict[str, Any]:
    function: dict[str, Any] = {"name": tool.name}
    if tool.description:
        function["description"] = tool.description
    function["parameters"] = tool.parameters or {"type": "object", "properties": {}}
    if tool.returns:
        function["return"] = tool.returns
    return {"type": "function", "function": function}
