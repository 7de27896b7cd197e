"""Marks in the texts of a conversation, which show where a chat template writes them.

A mark stands before or after a text, within its white space, so that templates that trim keep it. Taken out
of what was rendered, they must leave what is rendered without them; only then do their places count. Knows
no template.
"""

from __future__ import annotations

import itertools
import json
import re
from dataclasses import dataclass, field, replace
from typing import Literal

from workbench.conversation import Conversation, Message, ToolCall

Part = Literal["content", "reasoning", "name", "arguments"]
PARTS: tuple[Part, ...] = ("content", "reasoning", "name", "arguments")
_JSON_TEXT = re.compile(r'"(?:[^"\\]|\\.)*"\s*(:?)', re.DOTALL)
"""A text in JSON; followed by a colon it is a key."""


@dataclass(frozen=True, slots=True)
class Mark:
    """Before (`opens`) or after a part of the message at that place, or of one of its calls."""

    message: int
    part: Part
    opens: bool = False
    call: int = 0


@dataclass(slots=True)
class Marking:
    """Which marks a conversation gets, and how they are written."""

    base: str
    ends: frozenset[Part] = frozenset(PARTS)
    openings: frozenset[int] = frozenset()
    """Messages that are marked at their beginning too."""
    marks: list[Mark] = field(default_factory=list)

    def of(self, conversation: Conversation) -> Conversation:
        messages = [self._message(place, message) for place, message in enumerate(conversation.messages)]
        return Conversation(tuple(messages), conversation.tools)

    def read(self, rendered: str) -> tuple[str, dict[Mark, int]]:
        """The text without the marks, and where in it each came first, in order."""
        pieces, places, start, length = list[str](), dict[Mark, int](), 0, 0
        for found in re.finditer(f"{self.base}(\\d{{6}})z", rendered):
            pieces.append(rendered[start : found.start()])
            length += len(pieces[-1])
            start = found.end()
            if int(found[1]) < len(self.marks):
                places.setdefault(self.marks[int(found[1])], length)
        return "".join([*pieces, rendered[start:]]), places

    def _message(self, place: int, message: Message) -> Message:
        opens = place in self.openings
        return replace(
            message,
            content=self._text(message.content, place, "content", opens),
            reasoning=self._text(message.reasoning, place, "reasoning", opens),
            tool_calls=tuple(
                self._call(call, place, number, opens) for number, call in enumerate(message.tool_calls)
            ),
        )

    def _text(self, text: str, place: int, part: Part, opens: bool, call: int = 0) -> str:
        begin, end = len(text) - len(text.lstrip()), len(text.rstrip())
        if begin >= end:
            return text
        opening = self._mark(Mark(place, part, True, call)) if opens else ""
        ending = self._mark(Mark(place, part, call=call)) if part in self.ends else ""
        return text[:begin] + opening + text[begin:end] + ending + text[end:]

    def _call(self, call: ToolCall, place: int, number: int, opens: bool) -> ToolCall:
        name = self._text(call.name, place, "name", opens, number)
        return replace(call, name=name, arguments=self._arguments(call.arguments, place, number))

    def _arguments(self, arguments: str, place: int, number: int) -> str:
        """Marked at the end of the last text in them."""
        values = [found for found in _JSON_TEXT.finditer(arguments) if not found[1]]
        if not values or "arguments" not in self.ends or not _is_json(arguments):
            return arguments
        at = arguments.rindex('"', 0, values[-1].end())
        return arguments[:at] + self._mark(Mark(place, "arguments", call=number)) + arguments[at:]

    def _mark(self, mark: Mark) -> str:
        self.marks.append(mark)
        return f"{self.base}{len(self.marks) - 1:06d}z"


def unused_base(text: str) -> str:
    """Letters and digits that are not in the text; always the same for the same text."""
    return next(base for number in itertools.count() if (base := f"Qm{number}x") not in text)


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except (ValueError, RecursionError):
        return False
    return True
