"""How one family writes an answer: what it thinks, what it calls and what it says.

Knows no family by name; see recognition.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from workbench.chat.formats.calls import Calls
from workbench.chat.formats.grammar import Lark
from workbench.chat.formats.reasoning import ReasoningMarks, read_reasoning
from workbench.chat.formats.source import NotUnderstood, Reading, Source
from workbench.chat.formats.syntax import CallSyntax
from workbench.conversation import Tool
from workbench.events import TextDelta

Place = Literal["start", "reasoning", "text"]
"""Where a prompt leaves off: before all, or within one of the parts."""


def _text(text: str) -> TextDelta:
    return TextDelta(text, 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerFormat:
    """One family's.

    Attributes:
        name: For people.
        ignored: Markers that say nothing, such as those around a plain answer.
        described: Its template shows no tools, so they are described in the prompt.
        answer_opening: What stands before an answer that is neither thought nor calls.
    """

    name: str
    reasoning: ReasoningMarks | None = None
    calls: CallSyntax | None = None
    ignored: tuple[str, ...] = ()
    described: bool = False
    answer_opening: str = ""

    @property
    def markers(self) -> tuple[str, ...]:
        """All that may be control tokens, and has to be seen nevertheless."""
        thinking = (self.reasoning.begin, self.reasoning.end) if self.reasoning else ()
        return (*thinking, *(self.calls.markers if self.calls else ()), *self.ignored)

    def place(self, prompt: str, *, continues: bool) -> Place:
        """Where the prompt leaves off."""
        if self.reasoning is None:
            return "text" if continues else "start"
        begun = prompt.rfind(self.reasoning.begin)
        if continues:
            return "reasoning" if begun > prompt.rfind(self.reasoning.end) else "text"
        return "reasoning" if prompt.rstrip().endswith(self.reasoning.begin.rstrip()) else "start"

    def thinks_after(self, prompt: str) -> bool:
        """Whether the prompt leaves it open that something is thought first."""
        return self.reasoning is not None and not prompt.rstrip().endswith(self.reasoning.end)

    @property
    def closing(self) -> str:
        """What ends thinking that has gone on for long enough."""
        return f"\n{self.reasoning.end}\n\n" if self.reasoning else ""

    @property
    def plain(self) -> bool:
        """Whether, without tools, its answers are text and nothing else."""
        return self.reasoning is None and not self.ignored

    def own_markers(self, own_tokens: Mapping[str, int]) -> dict[str, int]:
        """The tokens that its markers are made of, by name."""
        markers = "\n".join(self.markers)
        return {name: token for name, token in own_tokens.items() if name in markers}

    def read(self, source: Source, calls: Calls, place: Place) -> Reading[None]:
        """Give out the whole answer. Nothing it does not understand is lost: it is text."""
        if place == "reasoning" and self.reasoning is not None:
            yield from read_reasoning(source, self.reasoning)
        said = place == "text"
        syntax = self.calls if calls.tools else None
        while True:
            if not said:
                yield from self._before_text(source, calls, syntax)
            markers = (*(syntax.triggers if syntax else ()), *self.ignored)
            found = yield from source.until(markers, _text, hold_space=syntax is not None)
            if not found:
                return
            if found in self.ignored:
                source.drop(len(found))
            elif syntax is not None:
                said = not (yield from _read_calls(source, calls, syntax, found))

    def _before_text(self, source: Source, calls: Calls, syntax: CallSyntax | None) -> Reading[None]:
        """What may come before an answer, or after calls: space, thinking, calls without a marker."""
        while self.reasoning is not None:
            yield from source.skip_space()
            if not (yield from source.accept(self.reasoning.begin.rstrip())):
                break
            source.thinking = True
            source.drop_seen()
            yield from read_reasoning(source, self.reasoning)
        if source.pauses or calls.begun:
            yield from source.drop_space()
        source.at = 0
        yield from source.pause("answer")
        if syntax is not None and syntax.bare:
            yield from source.skip_space()
            if (yield from source.accept("{")):
                source.at = 0
                yield from source.drop_space()
                yield from _read_calls(source, calls, syntax, "{")
            source.at = 0

    def forced(
        self, own_tokens: Mapping[str, int], tools: Sequence[Tool], parallel: bool, *, begun: bool
    ) -> str:
        """Lark for an answer that is calls, or for what follows where one has `begun`."""
        assert self.calls is not None
        lark = Lark(own_tokens)
        calls = self.calls.write(lark, tools, parallel)
        if begun:
            return lark.whole(calls)
        return lark.whole(f"{lark.text('' if self.calls.bare else self.calls.triggers[0])} {calls}")


def _read_calls(source: Source, calls: Calls, syntax: CallSyntax, trigger: str) -> Reading[bool]:
    """Whether there were calls. What was taken for the beginning of some is text otherwise."""
    source.at = len(trigger) if trigger in syntax.triggers else 0
    yield from source.pause("call")
    source.at, begun = 0, calls.begun
    try:
        yield from syntax.read(source, calls)
    except NotUnderstood:
        if calls.begun > begun and source.ended:  # cut off within a call
            source.at = len(source.text)
            calls.argue(source.text)
    source.at = 0
    if calls.begun == begun:
        source.give_text(len(trigger), _text)
    return calls.begun > begun
