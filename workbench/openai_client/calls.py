"""The calls of one answer, however a server numbers them and whether or not it names them."""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass, field

from workbench.events import ToolCallDelta
from workbench.openai_client.chunks import Call, Function


@dataclass(slots=True)
class _Begun:
    """A call and its arguments so far."""

    id: str
    arguments: str = ""

    @property
    def is_whole(self) -> bool:
        try:
            json.loads(self.arguments)
        except ValueError:
            return False
        return True


@dataclass(slots=True)
class Calls:
    """Those that were begun, in order."""

    _begun: list[_Begun] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self._begun)

    def take(self, place: int, call: Call) -> ToolCallDelta:
        """More of a call, or a new one. `place` is where it stands in its chunk, for want of a number."""
        function = call.function or Function()
        arguments = _text(function)
        index = place if call.index is None else call.index
        name = function.name or ""
        if not (name and self._is_new(index, call.id)):
            index = max(min(index, len(self._begun) - 1), 0)
            if self._begun:
                self._begun[index].arguments += arguments
            return ToolCallDelta(index, arguments, tokens=1)
        index = len(self._begun)
        self._begun.append(_Begun(call.id or f"call_{secrets.token_hex(12)}", arguments))
        return ToolCallDelta(index, arguments, self._begun[index].id, name, tokens=1)

    def _is_new(self, index: int, id: str | None) -> bool:
        """What has a name is new, unless it names the one that is under way again."""
        if index >= len(self._begun):
            return True
        known = self._begun[index]
        return id != known.id if id else known.is_whole


def _text(function: Function) -> str:
    """The arguments, which some servers send as an object."""
    arguments = function.arguments or ""
    return arguments if isinstance(arguments, str) else json.dumps(arguments, ensure_ascii=False)
