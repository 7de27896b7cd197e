"""One message of a chat request, and the Message it means.

Users say text, images and sounds, all others text; other parts are refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Literal

from msgspec import Struct

from workbench.conversation import Conversation, Medium, Message, Role, Tool, ToolCall, content_of
from workbench.openai_dialect.content_reading import called_name
from workbench.openai_dialect.media_parts import ImageUrl, InputAudio, image_at, sound_of
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter

_ROLES: dict[str, Role] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}


class ContentPart(Struct, kw_only=True):
    """A piece of a message; which members it has depends on its type."""

    type: str
    text: str | None = None
    refusal: str | None = None
    image_url: ImageUrl | str | None = None
    input_audio: InputAudio | None = None


class CalledFunction(Struct, kw_only=True):
    """A function's name and its arguments, which are JSON text."""

    name: str
    arguments: str


class MessageToolCall(Struct, kw_only=True):
    """A call that an assistant asked for."""

    id: str
    type: str = "function"
    function: CalledFunction | None = None


class ChatMessage(Struct, kw_only=True):
    """A message as a client writes it.

    `developer` is the newer name of `system`, and `function` the older of `tool`. `reasoning_content` is an
    extension: what an assistant thought before it answered.
    """

    role: Literal["system", "developer", "user", "assistant", "tool", "function"]
    content: str | list[ContentPart] | None = None
    refusal: str | None = None
    name: str | None = None
    tool_calls: list[MessageToolCall] | None = None
    tool_call_id: str | None = None
    function_call: CalledFunction | None = None
    reasoning_content: str | None = None


def to_conversation(messages: list[ChatMessage], tools: tuple[Tool, ...] = ()) -> Conversation:
    """Raises InvalidParameter and UnsupportedParameter."""
    if not messages:
        raise InvalidParameter("messages is empty.", "Send at least one message.", "messages")
    told = [_to_message(message, f"messages[{position}]") for position, message in enumerate(messages)]
    return Conversation(tuple(_named(told)), tools)


def _to_message(message: ChatMessage, place: str) -> Message:
    role = _ROLES[message.role]
    calls = _calls(message, place) if role == "assistant" else ()
    content = message.refusal if message.content is None and role == "assistant" else message.content
    if content is None and not calls and not (role == "assistant" and message.reasoning_content):
        raise InvalidParameter(f"{place}.content is missing.", "Send text there.", f"{place}.content")
    text, media = content_of(_pieces("" if content is None else content, place, role))
    return Message(
        role,
        text,
        media=media,
        reasoning=(message.reasoning_content or "") if role == "assistant" else "",
        tool_calls=calls,
        tool_call_id=_answered_call(message, place) if role == "tool" else "",
        name=(message.name or "") if role == "tool" else "",
    )


def _calls(message: ChatMessage, place: str) -> tuple[ToolCall, ...]:
    if message.function_call is not None:
        return (ToolCall("", message.function_call.name, message.function_call.arguments),)
    return tuple(
        _call(call, f"{place}.tool_calls[{position}]")
        for position, call in enumerate(message.tool_calls or ())
    )


def _call(call: MessageToolCall, place: str) -> ToolCall:
    if call.function is None or call.type != "function":
        raise UnsupportedParameter(
            f"Calls of type {call.type[:40]!r} are not supported here.", "Send calls of functions.", place
        )
    return ToolCall(call.id, call.function.name, call.function.arguments)


def _answered_call(message: ChatMessage, place: str) -> str:
    if message.tool_call_id is None and message.role == "tool":
        raise InvalidParameter(
            f"{place}.tool_call_id is missing.",
            "Send the id of the call it answers.",
            f"{place}.tool_call_id",
        )
    return message.tool_call_id or ""


def _named(messages: Sequence[Message]) -> list[Message]:
    """The messages, those of tools with the name of the tool whose call they answer.

    Raises InvalidParameter for an answer to no call.
    """
    names: dict[str, str] = {}
    named = []
    for position, message in enumerate(messages):
        names |= {call.id: call.name for call in message.tool_calls}
        if message.role == "tool" and message.tool_call_id:
            place, remedy = (
                f"messages[{position}].tool_call_id",
                "Send the assistant's message with the call.",
            )
            called = called_name(message.tool_call_id, names, place, remedy)
            message = replace(message, name=message.name or called)
        named.append(message)
    return named


def _pieces(content: str | list[ContentPart], place: str, role: Role) -> Iterable[str | Medium]:
    if isinstance(content, str):
        return [content]
    if not content:
        raise InvalidParameter(f"{place}.content is empty.", "Send a part at least.", f"{place}.content")
    return [_piece(part, f"{place}.content[{position}]", role) for position, part in enumerate(content)]


def _piece(part: ContentPart, place: str, role: Role) -> str | Medium:
    if part.type not in ("image_url", "input_audio"):
        return _text(part, place)
    if role != "user":
        raise InvalidParameter(
            f"{place} is of type {part.type}, in a message of the {role}.", "Let the user send it.", place
        )
    param = f"{place}.{part.type}"
    image, sound = part.image_url, part.input_audio
    if part.type == "image_url" and image is not None:
        return image_at(image if isinstance(image, str) else image.url, param)
    if part.type == "input_audio" and sound is not None:
        return sound_of(sound, param)
    raise InvalidParameter(f"{param} is missing.", f"Send {param}.", param)


def _text(part: ContentPart, place: str) -> str:
    text = part.refusal if part.type == "refusal" else part.text
    if part.type not in ("text", "refusal"):
        raise UnsupportedParameter(
            f"Parts of type {part.type[:40]!r} are not supported here.",
            "Send text, image_url or input_audio.",
            f"{place}.type",
        )
    if text is None:
        raise InvalidParameter(f"{place}.{part.type} is missing.", "Send text.", f"{place}.{part.type}")
    return text
