"""gpt-oss: an answer is messages on channels: analysis to think, commentary to call, final to answer.

Written from the format's public description, since the library of its makers fetches its vocabulary from the
network before it does anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from workbench.chat.formats.answer_format import AnswerFormat, Place
from workbench.chat.formats.calls import Calls
from workbench.chat.formats.grammar import Lark
from workbench.chat.formats.source import Delta, NotUnderstood, Pause, Reading, Source
from workbench.conversation import Tool
from workbench.events import ReasoningDelta, TextDelta, ToolCallDelta

_START, _CHANNEL, _CONSTRAIN, _MESSAGE = "<|start|>", "<|channel|>", "<|constrain|>", "<|message|>"
_ENDS = ("<|end|>", "<|call|>", "<|return|>")
_LONGEST_HEAD = 512
_RECIPIENT = re.compile(r"to=(?:functions\.)?(?!assistant\b)([^\s<]+)")
_NAME_OF_CHANNEL = re.compile(r"<\|channel\|>\s*(\w+)")


def _thought(text: str) -> ReasoningDelta:
    return ReasoningDelta(text, 0)


def _said(text: str) -> TextDelta:
    return TextDelta(text, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class HarmonyFormat(AnswerFormat):
    """Reads and writes messages with their channels."""

    name: str = "gpt-oss"
    answer_opening: str = f"{_CHANNEL}final{_MESSAGE}"

    @property
    def markers(self) -> tuple[str, ...]:
        return (_START, _CHANNEL, _CONSTRAIN, _MESSAGE, *_ENDS)

    def place(self, prompt: str, *, continues: bool) -> Place:
        if not continues:
            return "start"
        head = prompt.rpartition(_START)[2]
        return "reasoning" if f"{_CHANNEL}analysis" in head else "text"

    def thinks_after(self, prompt: str) -> bool:
        return True

    @property
    def closing(self) -> str:
        return f"{_ENDS[0]}{_START}assistant"

    @property
    def plain(self) -> bool:
        return False

    def read(self, source: Source, calls: Calls, place: Place) -> Reading[None]:
        if place != "start":
            yield from self._read_body(source, _thought if place == "reasoning" else _said)
        while True:
            yield from source.skip_space()
            if source.ended and source.at >= len(source.text):
                source.drop_seen()
                return
            source.at = 0
            try:
                yield from self._read_message(source, calls)
            except NotUnderstood:
                source.at = 0
                if "answer" in source.pauses:
                    yield from source.pause("answer")
                    continue
                found = yield from source.until((_CHANNEL, _START), _said)
                if source.text.startswith(found or "\0"):
                    source.give_text(len(found), _said)

    def _read_message(self, source: Source, calls: Calls) -> Reading[None]:
        yield from source.accept(f"{_START}assistant")
        start = source.at
        yield from source.skip_space()
        if not (yield from source.accept(_CHANNEL, "to=")):
            raise NotUnderstood
        source.at = start
        head = yield from source.find(_MESSAGE, most=_LONGEST_HEAD)
        channel, recipient = _NAME_OF_CHANNEL.search(head), _RECIPIENT.search(head)
        thinking = channel is not None and channel[1] == "analysis" and recipient is None
        if not thinking and source.pauses:
            where: Pause = "call" if recipient and "call" in source.pauses else "answer"
            source.at = 0
            yield from source.accept(f"{_START}assistant")
            if where in source.pauses:
                yield from source.pause(where)
                return
            yield from source.find(_MESSAGE)
        yield from source.expect(_MESSAGE)
        source.thinking = thinking
        if recipient is not None:
            calls.begin(recipient[1])
            yield from self._read_body(source, lambda text: ToolCallDelta(calls.begun - 1, text))
        else:
            source.drop_seen()
            yield from self._read_body(source, _thought if thinking else _said)

    def _read_body(self, source: Source, make: Callable[[str], Delta]) -> Reading[None]:
        found = yield from source.until((*_ENDS, _START), make)
        source.drop(len(found) if found in _ENDS else 0)
        source.thinking = False

    def forced(
        self, own_tokens: Mapping[str, int], tools: Sequence[Tool], parallel: bool, *, begun: bool
    ) -> str:
        lark = Lark(own_tokens)

        def call(tool: Tool, rule: str) -> str:
            head = f"{_CHANNEL}commentary to=functions.{tool.name} {_CONSTRAIN}json{_MESSAGE}"
            return f"{lark.text(head)} {lark.arguments(tool)}"

        return lark.whole(lark.one_of("call", tools, call))
