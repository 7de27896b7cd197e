"""DeepSeek V3, R1 and V3.1. The first two name the kind of call and put the arguments in a code block."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.chat.formats.marked_calls import LONGEST_NAME, MarkedCalls, named
from workbench.chat.formats.source import Reading, Source

_FENCE = "```json\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class DeepSeekCalls(MarkedCalls):
    """Reads both forms, and writes the older one where it is `fenced`."""

    fenced: bool

    def read_head(self, source: Source) -> Reading[tuple[str, str]]:
        head = (yield from source.find(self.separator, most=LONGEST_NAME)).strip()
        yield from source.expect(self.separator)
        if head == "function":
            head = (yield from source.find("\n", most=LONGEST_NAME)).strip()
            yield from source.skip_space()
            yield from source.accept(_FENCE.strip())
        return named(head), ""

    def head(self, name: str) -> str:
        return f"function{self.separator}{name}\n{_FENCE}" if self.fenced else name + self.separator


def deepseek_calls(*, fenced: bool) -> DeepSeekCalls:
    end = "<｜tool▁call▁end｜>"
    return DeepSeekCalls(
        section=("<｜tool▁calls▁begin｜>", "<｜tool▁calls▁end｜>"),
        begin="<｜tool▁call▁begin｜>",
        separator="<｜tool▁sep｜>",
        closing=("\n```", end) if fenced else (end,),
        between="\n" if fenced else "",
        fenced=fenced,
    )
