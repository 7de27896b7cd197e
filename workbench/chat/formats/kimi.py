"""Kimi K2: a call is named by its id, such as functions.search:0."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.chat.formats.marked_calls import LONGEST_NAME, MarkedCalls, named
from workbench.chat.formats.source import Reading, Source

_PREFIX = "functions."


@dataclass(frozen=True, slots=True, kw_only=True)
class KimiCalls(MarkedCalls):
    """The ids are kept, since the template writes them again. Forced calls have the number 0 to 9."""

    def read_head(self, source: Source) -> Reading[tuple[str, str]]:
        call_id = (yield from source.find(self.separator, most=LONGEST_NAME)).strip()
        yield from source.expect(self.separator)
        return named(call_id.removeprefix(_PREFIX).rpartition(":")[0] or call_id), call_id

    def head(self, name: str) -> str:
        return f"{_PREFIX}{name}:0{self.separator}"


KIMI_CALLS = KimiCalls(
    section=("<|tool_calls_section_begin|>", "<|tool_calls_section_end|>"),
    begin="<|tool_call_begin|>",
    separator="<|tool_call_argument_begin|>",
    closing=("<|tool_call_end|>",),
)
