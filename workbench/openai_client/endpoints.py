"""Servers of one model: the one with the fewest requests of ours is asked, or another if it fails.

Knows nothing of what is asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import TypeVar

from workbench.errors import Unreachable
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.liveness import while_alive

Answer = TypeVar("Answer")
_LAST_PATIENCE = 12
"""Small questions, some ten seconds apart: there are servers that answer none while they compute."""


class Endpoints:
    """Never empty."""

    def __init__(self, each: Sequence[Endpoint]) -> None:
        self.each = tuple(each)

    def in_turn(self) -> Iterator[tuple[Endpoint, int]]:
        """Each once, the best to ask at that moment first, and the patience to have with it.

        That is less while there are others to ask, and without a limit for one alone. Those that failed just
        now come last. One that stands alone may stand for several: it comes again where one of those may have
        failed.
        """
        left = list(self.each)
        while left:
            best = min(left, key=lambda one: (not one.rested, one.in_flight))
            left.remove(best)
            yield best, 1 if left else _LAST_PATIENCE if len(self.each) > 1 else 0
        if len(self.each) == 1 and self.each[0].failed_in_passing:
            yield self.each[0], 0

    async def asked(self, ask: Callable[[Endpoint], Awaitable[Answer]]) -> Answer:
        """What the first one answers that can be reached. Raises the last one's Unreachable."""
        failure: Unreachable | None = None
        for endpoint, patience in self.in_turn():
            try:
                with endpoint.lent():
                    return await while_alive(endpoint, ask(endpoint), patience)
            except Unreachable as error:
                failure = error
        assert failure is not None
        raise failure

    async def close(self) -> None:
        for endpoint in self.each:
            await endpoint.close()
