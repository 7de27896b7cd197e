"""Messages and tools as Ollama's clients write them, and what they mean."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct

from workbench.conversation import Conversation, Medium, Message, Tool, ToolCall
from workbench.openai_dialect.media_parts import medium_of
from workbench.openai_dialect.wire import encode


class CalledFunction(Struct, kw_only=True):
    """A function's name and its arguments."""

    name: str
    arguments: dict[str, Any] = {}


class OllamaToolCall(Struct, kw_only=True, omit_defaults=True):
    """A call that the assistant asks for."""

    id: str = ""
    function: CalledFunction


class OllamaMessage(Struct, kw_only=True, omit_defaults=True):
    """One turn; `tool_name` is that of the tool which a tool's turn comes from."""

    role: Literal["system", "user", "assistant", "tool"]
    content: str | None = None
    thinking: str | None = None
    images: list[str] | None = None
    tool_calls: list[OllamaToolCall] | None = None
    tool_name: str | None = None
    tool_call_id: str | None = None


class OllamaFunction(Struct, kw_only=True):
    """A function that may be called; `parameters` is a JSON Schema."""

    name: str
    description: str | None = None
    parameters: dict[str, Any] | None = None


class OllamaTool(Struct, kw_only=True):
    """A tool; all of them are functions."""

    type: str | None = None
    function: OllamaFunction


def to_conversation(messages: Sequence[OllamaMessage], tools: Sequence[OllamaTool]) -> Conversation:
    """Raises InvalidParameter."""
    turns = tuple(_to_message(message, f"messages[{place}]") for place, message in enumerate(messages))
    return Conversation(turns, tuple(_to_tool(tool.function) for tool in tools))


def images_of(images: Sequence[str] | None, place: str) -> tuple[Medium, ...]:
    """They stand before the text they come with. Raises InvalidParameter."""
    return tuple(
        medium_of("image", image, f"{place}[{position}]") for position, image in enumerate(images or ())
    )


def _to_message(message: OllamaMessage, place: str) -> Message:
    calls = message.tool_calls or ()
    return Message(
        message.role,
        message.content or "",
        reasoning=message.thinking or "",
        tool_calls=tuple(
            ToolCall(call.id, call.function.name, encode(call.function.arguments).decode()) for call in calls
        ),
        tool_call_id=message.tool_call_id or "",
        name=message.tool_name or "",
        media=images_of(message.images, f"{place}.images"),
    )


def _to_tool(function: OllamaFunction) -> Tool:
    return Tool(
        name=function.name, description=function.description or "", parameters=function.parameters or {}
    )
