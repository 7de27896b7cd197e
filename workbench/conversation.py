"""What was said: messages and conversations as plain values.

Knows nothing of chat templates, tokens or storage.
"""

from __future__ import annotations

from collections.abc import Iterable
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

    `strict` holds the arguments to the schema, token by token. `returns` is that of what it gives back, where
    that is told.
    """

    name: str
    description: str = ""
    parameters: dict[str, Any] = field(default_factory=dict)
    strict: bool = False
    returns: dict[str, Any] = field(default_factory=dict)


MOST_MEDIUM_BYTES = 20 * 1024 * 1024
"""The largest file of an image or a sound that is read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Medium:
    """An image or a sound that belongs to a message: a file's bytes.

    Attributes:
        at: How many characters of the message's text come before it.
        source: Where it came from, such as a request's parameter or a file, to be named in errors.
    """

    kind: Literal["image", "audio"]
    data: bytes = field(repr=False)
    at: int = 0
    source: str = ""


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: who said it, and the text.

    Attributes:
        media: Images and sounds in the text, in the order of their places.
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
    media: tuple[Medium, ...] = ()


def content_of(pieces: Iterable[str | Medium]) -> tuple[str, tuple[Medium, ...]]:
    """A message's text and media out of its pieces. Texts that follow each other are lines of their own."""
    text, media, follows_text = "", list[Medium](), False
    for piece in pieces:
        if isinstance(piece, Medium):
            media.append(replace(piece, at=len(text)))
        else:
            text += f"\n{piece}" if follows_text else piece
        follows_text = isinstance(piece, str)
    return text, tuple(media)


def joined(first: Message, second: Message) -> Message:
    """One turn out of two that the same role said."""
    content = "\n".join(filter(None, (first.content, second.content)))
    shift = len(content) - len(second.content)
    return replace(
        first,
        content=content,
        media=first.media + tuple(replace(one, at=one.at + shift) for one in second.media),
        reasoning="\n".join(filter(None, (first.reasoning, second.reasoning))),
        tool_calls=first.tool_calls + second.tool_calls,
    )


def preceded(text: str, message: Message) -> Message:
    """The message with this before its text."""
    media = tuple(replace(medium, at=medium.at + len(text)) for medium in message.media)
    return replace(message, content=text + message.content, media=media)


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages in the order they were said, and the tools that are at hand."""

    messages: tuple[Message, ...] = ()
    tools: tuple[Tool, ...] = ()

    @property
    def media(self) -> tuple[Medium, ...]:
        """All images and sounds, message by message."""
        return tuple(medium for message in self.messages for medium in message.media)

    def __add__(self, message: Message) -> Conversation:
        return Conversation((*self.messages, message), self.tools)
