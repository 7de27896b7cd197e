"""What a family's way of writing calls has to offer. Knows no family."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from workbench.chat.formats.calls import Calls
from workbench.chat.formats.grammar import Lark
from workbench.chat.formats.source import Reading, Source
from workbench.conversation import Tool


class CallSyntax(ABC):
    """How calls are written. `bare` ones may also begin an answer without any marker."""

    bare: bool = False

    @property
    @abstractmethod
    def triggers(self) -> tuple[str, ...]:
        """Markers with which calls begin, anywhere in an answer."""

    @property
    @abstractmethod
    def markers(self) -> tuple[str, ...]:
        """All markers; those among them that are control tokens have to be shown."""

    @abstractmethod
    def read(self, source: Source, calls: Calls) -> Reading[None]:
        """Give out the calls that come next. Raises NotUnderstood; what was given out until then stays so."""

    @abstractmethod
    def write(self, lark: Lark, tools: Sequence[Tool], parallel: bool) -> str:
        """What follows the trigger, or the whole of calls without one, as Lark; rules go to `lark`."""
