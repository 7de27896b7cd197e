"""What was said: messages and conversations as plain values.

Knows nothing of chat templates, tokens or storage.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A call that the assistant asks for. `arguments` is JSON text, as the model wrote it."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """A function that the assistant may ask to be called; `parameters` is a JSON Schema.

    `strict` holds the arguments to the schema, token by token.
    """

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    strict: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: who said it, and the text.

    Attributes:
        reasoning: What an assistant thought before it answered.
        tool_calls: What an assistant asks to be called.
        tool_call_id: Of a tool's turn, the call that it answers; `name` is the tool's.
    """

    role: Role
    content: str
    reasoning: str = ""
    tool_calls: tuple[ToolCall, ...] = ()
    tool_call_id: str = ""
    name: str = ""


def joined(first: Message, second: Message) -> Message:
    """One turn out of two that the same role said."""
    return replace(
        first,
        content="\n".join(filter(None, (first.content, second.content))),
        reasoning="\n".join(filter(None, (first.reasoning, second.reasoning))),
        tool_calls=first.tool_calls + second.tool_calls,
    )


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages in the order they were said, and the tools that are at hand."""

    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = ()

    def __add__(self, message: Message) -> Conversation:
        return Conversation((*self.messages, message), self.tools)
