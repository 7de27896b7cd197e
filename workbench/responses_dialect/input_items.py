"""The items of a request's input and the Messages they mean.

Reasoning, text and calls of the assistant that follow each other are one Message. Items other than messages,
function calls, their outputs and reasoning are refused by name. Knows nothing of how items are kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Literal

from msgspec import Struct

from workbench.conversation import Medium, Message, Role, ToolCall, content_of, joined
from workbench.openai_dialect.content_reading import called_name, required, text_of_parts
from workbench.openai_dialect.media_parts import InputAudio, image_at, sound_of
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter

_ROLES: dict[str, Role] = {
    "user": "user",
    "assistant": "assistant",
    "system": "system",
    "developer": "system",
}
_TEXTS = ("input_text", "output_text", "reasoning_text", "summary_text", "text")
ItemStatus = Literal["in_progress", "completed", "incomplete"]


class InputPart(Struct, kw_only=True, omit_defaults=True):
    """A piece of an item; only some types have a text."""

    type: str
    text: str | None = None
    refusal: str | None = None
    annotations: list[Any] | None = None
    image_url: str | None = None
    file_id: str | None = None
    detail: Literal["auto", "low", "high", "original"] | None = None
    input_audio: InputAudio | None = None


class InputItem(Struct, kw_only=True, omit_defaults=True):
    """One item; which members it has depends on its type."""

    type: str | None = None
    id: str | None = None
    status: ItemStatus | None = None
    role: Literal["user", "assistant", "system", "developer"] | None = None
    content: str | list[InputPart] | None = None
    call_id: str | None = None
    name: str | None = None
    arguments: str | None = None
    output: str | list[InputPart] | None = None
    summary: list[InputPart] | None = None
    encrypted_content: str | None = None

    @property
    def kind(self) -> str:
        """Its type, told by its members where that was left out."""
        return self.type or ("message" if self.role else "item_reference")


def to_messages(items: Sequence[InputItem], place: str = "input") -> list[Message]:
    """Raises InvalidParameter and UnsupportedParameter."""
    messages: list[Message] = []
    names: dict[str, str] = {}
    for index, item in enumerate(items):
        message = _to_message(item, names, f"{place}[{index}]")
        names |= {call.id: call.name for call in message.tool_calls}
        if messages and message.role == messages[-1].role == "assistant":
            messages[-1] = joined(messages[-1], message)
        else:
            messages.append(message)
    return messages


def _to_message(item: InputItem, names: dict[str, str], place: str) -> Message:
    match item.kind:
        case "message":
            role = _ROLES[required(item.role, f"{place}.role")]
            return _said(item.content, f"{place}.content", role)
        case "function_call":
            return Message("assistant", "", tool_calls=(_call(item, place),))
        case "function_call_output":
            return _output(item, names, place)
        case "reasoning":
            return Message("assistant", "", reasoning=_thoughts(item, place))
        case kind:
            raise UnsupportedParameter(
                f"Items of type {kind[:40]!r} are not supported here.", "Leave them out.", f"{place}.type"
            )


def _call(item: InputItem, place: str) -> ToolCall:
    return ToolCall(
        required(item.call_id, f"{place}.call_id"),
        required(item.name, f"{place}.name"),
        required(item.arguments, f"{place}.arguments"),
    )


def _output(item: InputItem, names: dict[str, str], place: str) -> Message:
    where = f"{place}.call_id"
    id = required(item.call_id, where)
    name = called_name(id, names, where, "Send the function_call before it, or the previous_response_id.")
    told = _said(item.output, f"{place}.output", "tool")
    return replace(told, tool_call_id=id, name=name)


def _thoughts(item: InputItem, place: str) -> str:
    """The reasoning itself, or where only that was kept, its summary."""
    return _text(item.content or "", f"{place}.content") or _text(item.summary or "", f"{place}.summary")


def _said(content: str | Sequence[InputPart] | None, place: str, role: Role) -> Message:
    """A user's message, or what a tool gives back, may have images and sounds in it."""
    if not isinstance(content, Sequence) or isinstance(content, str) or role not in ("user", "tool"):
        return Message(role, _text(content, place))
    text, media = content_of(_piece(part, f"{place}[{index}]") for index, part in enumerate(content))
    return Message(role, text, media=media)


def _piece(part: InputPart, place: str) -> str | Medium:
    if part.type == "input_image":
        if part.file_id is not None:
            raise UnsupportedParameter(
                "Images that were uploaded before are not supported here.",
                "Send the image itself as image_url.",
                f"{place}.file_id",
            )
        return image_at(required(part.image_url, f"{place}.image_url"), f"{place}.image_url")
    if part.type == "input_audio":
        return sound_of(required(part.input_audio, f"{place}.input_audio"), f"{place}.input_audio")
    return _part(part, place)


def _text(content: str | Sequence[InputPart] | None, place: str) -> str:
    if content is None:
        raise InvalidParameter(f"{place} is missing.", f"Send {place}.", place)
    return text_of_parts(content, place, _part)


def _part(part: InputPart, place: str) -> str:
    if part.type == "refusal":
        return required(part.refusal, f"{place}.refusal")
    if part.type not in _TEXTS:
        raise UnsupportedParameter(
            f"Parts of type {part.type[:40]!r} are not supported here.", "Send text.", f"{place}.type"
        )
    return required(part.text, f"{place}.text")
