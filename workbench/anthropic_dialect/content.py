"""The turns of a request and the Messages they mean. What is no text, image, thinking or tool is refused.

A user's turn that holds results of tools becomes a tool's turn for each of them, and then the rest.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Literal

import msgspec
from msgspec import Struct

from workbench.conversation import Medium, Message, ToolCall, content_of, joined, preceded
from workbench.openai_dialect.content_reading import called_name, required, text_of_parts
from workbench.openai_dialect.media_parts import medium_of
from workbench.openai_dialect.parameter_errors import InvalidParameter, UnsupportedParameter


class ImageSource(Struct, kw_only=True):
    """Where an image is; only those that are sent along, in base64, can be had."""

    type: str
    media_type: str | None = None
    data: str | None = None


class InputBlock(Struct, kw_only=True):
    """A piece of a turn; which members it has depends on its type."""

    type: str
    text: str | None = None
    thinking: str | None = None
    id: str | None = None
    name: str | None = None
    input: dict[str, Any] | None = None
    tool_use_id: str | None = None
    content: str | list[InputBlock] | None = None
    is_error: bool | None = None
    source: ImageSource | None = None


class Turn(Struct, kw_only=True):
    """What one side said, or what the model is told between."""

    role: Literal["user", "assistant", "system"]
    content: str | list[InputBlock]


def to_messages(turns: Sequence[Turn]) -> list[Message]:
    """Turns of one side that follow each other are one Message.

    Raises InvalidParameter and UnsupportedParameter.
    """
    if not turns:
        raise InvalidParameter("messages is empty.", "Send at least one message.", "messages")
    messages: list[Message] = []
    names: dict[str, str] = {}
    for position, turn in enumerate(turns):
        if not turn.content and not (turn is turns[-1] and turn.role == "assistant"):
            param = f"messages[{position}].content"
            raise InvalidParameter(f"{param} is empty.", "Send text there.", param)
        for message in _messages(turn, names, f"messages[{position}].content"):
            names |= {call.id: call.name for call in message.tool_calls}
            _append(messages, message)
    return messages


def text_of(content: str | Sequence[InputBlock] | None, place: str) -> str:
    """The text of blocks that can only be text."""
    return text_of_parts(content or "", place, _text)


def _append(messages: list[Message], message: Message) -> None:
    last = messages[-1] if messages else None
    if last is None or last.role != message.role or message.role == "tool":
        messages.append(message)
        return
    messages[-1] = joined(last, message)


def _messages(turn: Turn, names: dict[str, str], place: str) -> Iterator[Message]:
    if isinstance(turn.content, str):
        yield Message(turn.role, turn.content)
    elif turn.role == "system":
        yield Message("system", text_of(turn.content, place))
    elif turn.role == "assistant":
        yield _assistant(turn.content, place)
    else:
        yield from _user(turn.content, names, place)


def _assistant(blocks: Sequence[InputBlock], place: str) -> Message:
    texts, thoughts, calls = [], [], []
    for index, block in enumerate(blocks):
        where = f"{place}[{index}]"
        match block.type:
            case "thinking":
                thoughts.append(required(block.thinking, f"{where}.thinking"))
            case "redacted_thinking":  # sealed by whoever wrote it; there is nothing to read
                pass
            case "tool_use":
                calls.append(_call(block, where))
            case _:
                texts.append(_text(block, where))
    return Message("assistant", "\n".join(texts), "\n".join(thoughts), tuple(calls))


def _user(blocks: Sequence[InputBlock], names: dict[str, str], place: str) -> Iterator[Message]:
    pieces: list[str | Medium] = []
    for index, block in enumerate(blocks):
        if block.type == "tool_result":
            yield _result(block, names, f"{place}[{index}]")
        else:
            pieces.append(_piece(block, f"{place}[{index}]"))
    if pieces or not blocks:
        text, media = content_of(pieces)
        yield Message("user", text, media=media)


def _call(block: InputBlock, place: str) -> ToolCall:
    arguments = msgspec.json.encode(block.input or {}).decode()
    return ToolCall(required(block.id, f"{place}.id"), required(block.name, f"{place}.name"), arguments)


def _result(block: InputBlock, names: dict[str, str], place: str) -> Message:
    where = f"{place}.tool_use_id"
    id = required(block.tool_use_id, where)
    remedy = "Send the assistant's turn with that tool_use block before it."
    name = called_name(id, names, where, remedy)
    blocks = [] if isinstance(block.content, str) else block.content or []
    pieces = [_piece(part, f"{place}.content[{index}]") for index, part in enumerate(blocks)]
    text, media = content_of([block.content] if isinstance(block.content, str) else pieces)
    told = Message("tool", text, tool_call_id=id, name=name, media=media)
    return preceded("Error: ", told) if block.is_error else told


def _piece(block: InputBlock, place: str) -> str | Medium:
    if block.type != "image":
        return _text(block, place)
    source = required(block.source, f"{place}.source")
    if source.type != "base64":
        raise UnsupportedParameter(
            f"Images of the type {source.type[:40]!r} are not fetched here.",
            "Send the image itself in base64.",
            f"{place}.source.type",
        )
    return medium_of("image", required(source.data, f"{place}.source.data"), f"{place}.source")


def _text(block: InputBlock, place: str) -> str:
    if block.type != "text":
        raise UnsupportedParameter(
            f"Blocks of type {block.type[:40]!r} are not supported here.", "Send text.", f"{place}.type"
        )
    return required(block.text, f"{place}.text")
