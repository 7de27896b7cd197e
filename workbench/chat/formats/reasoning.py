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

    @property
    def closing(self) -> str:
        """What ends thinking that has gone on for long enough."""
        return f"\n{self.end}\n\n"


def read_reasoning(source: Source, marks: ReasoningMarks) -> Reading[None]:
    """Give out what is thought, up to its end, and drop the end."""
    source.thinking = True
    yield from source.drop_space()
    found = yield from source.until((marks.end,), _thought, hold_space=True)
    source.drop(len(found))
    source.thinking = False
    yield from source.drop_space()


def _thought(text: str) -> ReasoningDelta:
    return ReasoningDelta(text, 0)
