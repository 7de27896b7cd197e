"""What a model thinks before it answers, between two markers. Knows no way of calling tools."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.chat.formats.source import Reading, Source
from workbench.events import ReasoningDelta


@dataclass(frozen=True, slots=True)
class ReasoningMarks:
    """The two markers."""

    begin: str
    end: str


def read_reasoning(source: Source, marks: ReasoningMarks) -> Reading[None]:
    """Give out what is thought, up to its end, and drop the end."""
    source.thinking = True
    yield from source.drop_space()
    while not (found := (yield from source.until((marks.end,), _thought, hold_space=True))):
        if "answer" not in source.pauses:
            break
        yield from source.pause("answer")  # the model ended while it thought, and an answer is wanted
    source.drop(len(found))
    source.thinking = False
    yield from source.drop_space()


def _thought(text: str) -> ReasoningDelta:
    return ReasoningDelta(text, 0)
