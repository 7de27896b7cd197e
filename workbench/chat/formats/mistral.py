"""Mistral's models: [TOOL_CALLS] and a list of objects, or, since 2025, a name and its arguments each."""

from __future__ import annotations

from dataclasses import dataclass

from workbench.chat.formats.calls import Calls
from workbench.chat.formats.json_calls import JsonCalls
from workbench.chat.formats.marked_calls import LONGEST_NAME, MarkedCalls, named
from workbench.chat.formats.source import Reading, Source

_BEGIN, _ID, _ARGUMENTS = "[TOOL_CALLS]", "[CALL_ID]", "[ARGS]"


@dataclass(frozen=True, slots=True, kw_only=True)
class MistralCalls(MarkedCalls):
    """Reads both forms, since models that write the newer one have been taught the older as well."""

    def read(self, source: Source, calls: Calls) -> Reading[None]:
        yield from source.expect(self.begin)
        yield from source.skip_space()
        listed = yield from source.accept('[{"', "[ {", "[\n")
        source.at = 0
        yield from (MISTRAL_LIST.read if listed else super(MistralCalls, self).read)(source, calls)

    def read_head(self, source: Source) -> Reading[tuple[str, str]]:
        name = (yield from source.find(_ID, _ARGUMENTS, "{", most=LONGEST_NAME)).strip()
        call_id = ""
        if (yield from source.accept(_ID)):
            call_id = (yield from source.find(_ARGUMENTS, "{", most=LONGEST_NAME)).strip()
        yield from source.accept(_ARGUMENTS)
        return named(name), call_id


MISTRAL_LIST = JsonCalls(begin=_BEGIN, listed=True)
MISTRAL_NAMED = MistralCalls(begin=_BEGIN, separator=_ARGUMENTS)
