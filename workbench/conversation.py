"""What was said: messages and conversations as plain values.

Knows nothing of chat templates, tokens or storage.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["system", "user", "assistant", "tool"]
ROLES: tuple[Role, ...] = ("system", "user", "assistant", "tool")


@dataclass(frozen=True, slots=True)
class Message:
    """One turn: who said it, and the text."""

    role: Role
    content: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """Messages in the order they were said."""

    messages: tuple[Message, ...] = ()

    def __add__(self, message: Message) -> Conversation:
        return Conversation((*self.messages, message))
