"""What a server adds to the time that its engine takes. Plain values, out of results of both."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import hypot

from workbench.benchmark.result import Result


@dataclass(frozen=True, slots=True)
class Overhead:
    """One test on the bare engine, and through the endpoint."""

    bare: Result
    served: Result

    @property
    def seconds_per_token(self) -> float:
        """More time for each token of one request."""
        return 1 / self.served.tokens_per_second_each - 1 / self.bare.tokens_per_second_each

    @property
    def share(self) -> float:
        """The same, as a share of the bare engine's time."""
        return self.bare.tokens_per_second_each / self.served.tokens_per_second_each - 1

    @property
    def spread_share(self) -> float:
        """How much of the bare engine's time either side varied by; what is less says nothing."""
        return hypot(*(side.spread / side.tokens_per_second for side in (self.bare, self.served)))

    @property
    def first_token_seconds(self) -> float | None:
        """How much later the first token comes; None where it was not looked at."""
        bare, served = self.bare.first_token, self.served.first_token
        return served.median - bare.median if bare and served else None


def overheads(results: Sequence[Result]) -> list[Overhead]:
    """Of all results through a server whose engine was measured bare as well, alone if it could be."""
    found = []
    for served in results:
        if served.test.through_server:
            whole = replace(served.test, through_server=False)
            bare = next(
                (one for one in results if replace(one.test, requests=one.test.parallel) == whole), None
            )
            found += [Overhead(bare, served)] if bare else []
    return found
