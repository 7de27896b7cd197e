"""Where a model stops fitting: a row for each quantization and kind of cache, a column for each context.

Everything is the formula's, corrected by a few dry runs of the first quantization. Knows nothing of where the
headers come from.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Literal

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.planning.aim import CHOSEN
from workbench.planning.attempt import longest
from workbench.planning.estimates import Estimates
from workbench.planning.search import Candidate, Search

Place = Literal["fits", "tight", "divided", "no"]
"""Whole where it is fastest, just so, with a part left to the processor, or not at all."""

CONTEXTS = (4096, 8192, 16384, 32768, 65536, 131072)
KV_TYPES = ("f16", "q8_0", "q4_0")
_SHORTEST = 512


@dataclass(frozen=True, slots=True)
class Cell:
    """One context: where the model goes, and what it takes in all."""

    context: int
    place: Place
    total_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One quantization with one kind of cache.

    Attributes:
        label: What the quantization is called.
        whole: The longest context with nothing left to the processor; without GPUs, the longest at all.
        divided: The longest with layers or experts in main memory; None where that brings nothing.
    """

    label: str
    kv_type: str
    cells: tuple[Cell, ...]
    whole: int | None
    divided: int | None


def frontier(
    asked: Estimates,
    models: Sequence[tuple[str, Estimates]],
    base: EngineSettings,
    kv_types: Sequence[str] = KV_TYPES,
    free: frozenset[str] = CHOSEN,
) -> tuple[Row, ...]:
    """The rows in the order of the models, all of them quantizations of the one that is asked about."""
    possible = [
        kind for kind in kv_types if _calibrated(asked, replace(base, kv_type_k=kind, kv_type_v=kind))
    ]
    return tuple(_rows(asked, models, base, possible, free))


def contexts(trained: int) -> tuple[int, ...]:
    """The columns for a model that was trained for so many tokens."""
    return (*(context for context in CONTEXTS if context < trained), trained)


def _rows(
    asked: Estimates,
    models: Sequence[tuple[str, Estimates]],
    base: EngineSettings,
    kv_types: Sequence[str],
    free: frozenset[str],
) -> Iterator[Row]:
    for label, estimates in models:
        estimates.learn_from(asked)
        for kind in kv_types:
            yield _row(label, kind, estimates, replace(base, kv_type_k=kind, kv_type_v=kind), free)


def _calibrated(estimates: Estimates, settings: EngineSettings) -> bool:
    """Ask the engine about the ends of the row; False where it cannot have such a cache."""
    trained = estimates.shape.trained_context
    try:
        estimates.ask(replace(settings, context_length=min(CONTEXTS[0], trained)))
    except InvalidRequest:
        return False
    with suppress(InvalidRequest):
        estimates.ask(replace(settings, context_length=min(CONTEXTS[-1], trained)))
    return True


def _row(label: str, kind: str, estimates: Estimates, settings: EngineSettings, free: frozenset[str]) -> Row:
    search = Search(estimates.quick, estimates.places.budget, estimates.shape, free)
    trained = estimates.shape.trained_context

    def at(context: int) -> Candidate:
        return search.divided(replace(settings, context_length=context))

    def is_whole(context: int) -> bool:
        return search.whole(replace(settings, context_length=context)).verdict.possible

    whole = longest(min(_SHORTEST, trained), trained, is_whole)
    divided = longest(min(_SHORTEST, trained), trained, lambda context: at(context).verdict.possible)
    cells = tuple(_cell(search, context, at(context)) for context in contexts(trained))
    return Row(
        label=label, kv_type=kind, cells=cells, whole=whole, divided=divided if divided != whole else None
    )


def _cell(search: Search, context: int, candidate: Candidate) -> Cell:
    return Cell(context, _place(search, candidate), candidate.estimate.total_bytes)


def _place(search: Search, candidate: Candidate) -> Place:
    if not candidate.verdict.possible:
        return "no"
    if candidate.cost(search.shape) != (0, 0):
        return "divided"
    return "fits" if candidate.verdict.fit == "fits" else "tight"
