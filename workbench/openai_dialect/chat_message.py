"""One message of a chat request, and the Message it means. Text only; other parts are refused by name."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from workbench.conversation import Conversation, Message, Role
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
}


class ContentPart(Struct, kw_only=True):
    """A piece of a message; only those of type "text" have a text."""

    type: str
    text: str | None = None


class ChatMessage(Struct, kw_only=True):
    """A message as a client writes it; `developer` is the newer name of `system`."""

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None
    tool_calls: Any = None
    function_call: Any = None


def to_conversation(messages: list[ChatMessage]) -> Conversation:
    """Raises InvalidParameter and UnsupportedParameter."""
    if not messages:
        raise InvalidParameter("messages is empty.", "Send at least one message.", "messages")
    return Conversation(
        tuple(_to_message(message, f"messages[{position}]") for position, message in enumerate(messages))
    )


def _to_message(message: ChatMessage, place: str) -> Message:
    role = _ROLES.get(message.role)
    if role is None or message.tool_calls or message.function_call:
        param = f"{place}.role" if role is None else f"{place}.tool_calls"
        raise UnsupportedParameter("Tool calls are not supported here.", "Send plain messages.", param)
    if message.content is None:
        raise InvalidParameter(f"{place}.content is missing.", "Send text there.", f"{place}.content")
    if isinstance(message.content, str):
        return Message(role, message.content)
    texts = [_text(part, f"{place}.content[{position}]") for position, part in enumerate(message.content)]
    return Message(role, "\n".join(texts))


def _text(part: ContentPart, place: str) -> str:
    if part.type != "text":
        raise UnsupportedParameter(
            f"Parts of type {part.type[:40]!r} are not supported here.", "Send text.", f"{place}.type"
        )
    if part.text is None:
        raise InvalidParameter(f"{place}.text is missing.", "Send text.", f"{place}.text")
    return part.text
