"""One search for one aim: what it tries, and what a person must be told of it.

Knows in which order caches and micro-batches are given up, and no aim.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from workbench.engine_settings import EngineSettings
from workbench.planning.bisection import last
from workbench.planning.search import Candidate, Search

STEP = 256
"""Tokens; caches are padded to it."""
_KV_TYPES = ("f16", "q8_0", "q4_0")
_SMALLER_BATCHES = (256, 128)


@dataclass(frozen=True, slots=True)
class Proposal:
    """What the search arrived at, all that it tried on the way, and what a person must be told."""

    candidate: Candidate
    tried: tuple[Candidate, ...]
    remarks: tuple[str, ...] = ()


@dataclass(slots=True)
class Attempt:
    """One search for one aim."""

    search: Search
    base: EngineSettings
    tried: list[Candidate] = field(default_factory=list)
    remarks: list[str] = field(default_factory=list)

    def at(self, context: int, **others: object) -> Candidate:
        """The fastest division for that context."""
        settings = replace(self.base, context_length=context, **others)  # type: ignore[arg-type]
        return self.noted(self.search.divided(settings))

    def noted(self, candidate: Candidate) -> Candidate:
        self.tried.append(candidate)
        return candidate

    @property
    def trained(self) -> int:
        return self.search.shape.trained_context

    def caches(self, kinds: Sequence[str] = _KV_TYPES) -> Iterator[dict[str, object]]:
        """Kinds of cache, the most exact first."""
        if "kv_type_k" not in self.search.free or self.base.flash_attention == "off":
            yield {}
            return
        for kind in kinds:
            yield {"kv_type_k": kind, "kv_type_v": kind}

    def savings(self, kinds: Sequence[str] = _KV_TYPES) -> Iterator[dict[str, object]]:
        """Kinds of cache, and with each of them smaller micro-batches."""
        for cache in self.caches(kinds):
            yield cache
            if "micro_batch" in self.search.free:
                yield from ({**cache, "micro_batch": batch} for batch in _SMALLER_BATCHES)


def longest(low: int, high: int, holds: Callable[[int], bool]) -> int | None:
    """In steps that the cache is padded to; the ends themselves are tried as they are."""
    if high < low:
        return None
    if holds(high):
        return high
    steps = last(-(-low // STEP), high // STEP, lambda step: holds(step * STEP))
    if steps is not None:
        return steps * STEP
    return low if holds(low) else None
