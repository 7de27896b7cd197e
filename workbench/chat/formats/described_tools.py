"""Tools for a model whose template knows none: described in words, calls and results told as plain text."""

from __future__ import annotations

import json
from dataclasses import replace

from workbench.chat.formats.json_calls import HERMES_CALLS
from workbench.conversation import Conversation, Message, Tool, ToolCall, preceded

DESCRIBED_CALLS = HERMES_CALLS
_INTRODUCTION = """\
You can call functions. Each line describes one, with the JSON Schema of its arguments:
{tools}

To call a function, answer with nothing but its name and arguments, as JSON between two tags:
<tool_call>
{{"name": "NAME", "arguments": {{"ARGUMENT": VALUE}}}}
</tool_call>
{several}What the function returns is then told to you. Where no function helps, answer in plain words."""


def described(conversation: Conversation, *, parallel: bool) -> Conversation:
    """The conversation without tools, calls and results, in texts that say the same."""
    told = [_told(message) for message in conversation.messages]
    instructions = [told.pop(0).content] if told and told[0].role == "system" else []
    if conversation.tools:
        instructions.append(_introduction(conversation.tools, parallel))
    text = "\n\n".join(instructions)
    if not text:
        return Conversation(tuple(told))
    return Conversation((Message("system", text), *told))


def _introduction(tools: tuple[Tool, ...], parallel: bool) -> str:
    lines = "\n".join(json.dumps(_definition(tool), ensure_ascii=False) for tool in tools)
    several = "You may write several calls, one after the other. " if parallel else ""
    return _INTRODUCTION.format(tools=lines, several=several)


def _definition(tool: Tool) -> dict[str, object]:
    return {"name": tool.name, "description": tool.description, "parameters": tool.parameters}


def _told(message: Message) -> Message:
    if message.role == "tool":
        result = preceded("<tool_response>\n", Message("user", message.content, media=message.media))
        return replace(result, content=f"{result.content}\n</tool_response>")
    if not message.tool_calls:
        return message
    calls = "\n".join(_written(call) for call in message.tool_calls)
    return replace(message, content=f"{message.content}\n{calls}".strip(), tool_calls=())


def _written(call: ToolCall) -> str:
    head = f'{{"name": {json.dumps(call.name)}, "arguments": {call.arguments or "{}"}}}'
    return f"<tool_call>\n{head}\n</tool_call>"
