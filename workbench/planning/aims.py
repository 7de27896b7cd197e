"""Which settings serve an aim best, by a search that asks an estimate again and again.

Each aim tries contexts, kinds of cache and micro-batches in the order in which a person would give them up,
and each of these in its fastest division. A pure function of an estimate; nothing is verified here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.planning.aim import Aim
from workbench.planning.attempt import Attempt, Proposal, longest
from workbench.planning.formula import USUAL_CONTEXT
from workbench.planning.search import Candidate, Search

_SHORTEST = 512
_LONGER = (2 * USUAL_CONTEXT, 4 * USUAL_CONTEXT)
_AMPLE_CONTEXT = 4 * USUAL_CONTEXT
_CONTEXT_SHARE = 4
"""A default context is lengthened only while it takes less than one part in so many of the GPUs' memory."""
_LARGER_BATCHES = (2048, 1024)
_NEARLY_EXACT = ("f16", "q8_0")


def proposed(search: Search, base: EngineSettings, aim: Aim) -> Proposal:
    """The best settings for the aim; its verdict says whether they fit. What is not free stays as it is."""
    attempt = Attempt(search, base)
    candidate = _AIMS[aim](attempt)
    return Proposal(candidate, tuple(attempt.tried), tuple(attempt.remarks))


def _balanced(attempt: Attempt) -> Candidate:
    if asked := attempt.base.context_length:
        return attempt.at(asked)
    usual = min(USUAL_CONTEXT, attempt.trained)
    candidate = attempt.at(usual)
    if not candidate.verdict.possible:
        return _shorter(attempt, candidate)
    for context in _LONGER:
        if context > attempt.trained or not candidate.estimate.devices:
            break
        longer = attempt.at(context)
        if not _costs_nothing(attempt.search, candidate, longer):
            break
        candidate = longer
    return candidate


def _costs_nothing(search: Search, candidate: Candidate, longer: Candidate) -> bool:
    kept = sum(device.context_bytes for device in longer.estimate.devices)
    return (
        longer.verdict.fit == "fits"
        and longer.cost(search.shape) <= candidate.cost(search.shape)
        and kept * _CONTEXT_SHARE <= sum(search.budget.devices)
    )


def _shorter(attempt: Attempt, candidate: Candidate) -> Candidate:
    """Where nobody asked for a context, one that fits, and a word about it."""
    wanted = candidate.settings.context_length or USUAL_CONTEXT
    found = longest(_SHORTEST, wanted, lambda context: attempt.search.divided(
        replace(candidate.settings, context_length=context)).verdict.possible)  # fmt: skip
    if found is None:
        return candidate
    attempt.remarks.append(f"The context is {found:,} tokens: {wanted:,}, which is usual, do not fit.")
    return attempt.at(found)


def _fastest(attempt: Attempt) -> Candidate:
    context = attempt.base.context_length or min(USUAL_CONTEXT, attempt.trained)
    best: Candidate | None = None
    for saving in attempt.savings(_NEARLY_EXACT):
        candidate = attempt.at(context, **saving)
        if candidate.verdict.possible and (best is None or _is_faster(attempt.search, candidate, best)):
            best = candidate
        if best is candidate and candidate.cost(attempt.search.shape) == (0, 0):
            return _with_larger_batch(attempt, candidate)
    return best or attempt.tried[0]


def _is_faster(search: Search, one: Candidate, other: Candidate) -> bool:
    return one.cost(search.shape) < other.cost(search.shape)


def _with_larger_batch(attempt: Attempt, candidate: Candidate) -> Candidate:
    """Prompts are read faster in larger pieces, where these cost no layer."""
    if "micro_batch" not in attempt.search.free or not candidate.estimate.devices:
        return candidate
    for batch in _LARGER_BATCHES:
        larger = attempt.noted(attempt.search.judged(replace(candidate.settings, micro_batch=batch)))
        if larger.verdict.fit == "fits" and batch <= (candidate.settings.context_length or 0):
            return larger
    return candidate


def _longest_context(attempt: Attempt) -> Candidate:
    shortest = attempt.base.context_length or min(2048, attempt.trained)
    best: Candidate | None = None
    for cache in attempt.caches():
        start = attempt.at(shortest, **cache)
        if not start.verdict.possible:
            continue
        candidate = attempt.at(_longest_at(attempt.search, start, attempt.trained), **cache)
        if best is None or _context(candidate) > _context(best):
            best = candidate
        if _context(candidate) >= attempt.trained:
            break
    return best or attempt.tried[0]


def _longest_at(search: Search, start: Candidate, most: int) -> int:
    """The longest context for which no more whole layers are left to the processor than at the start."""
    cost, fit = start.cost(search.shape)[0], start.verdict.fit

    def holds(context: int) -> bool:
        candidate = search.divided(replace(start.settings, context_length=context))
        return candidate.cost(search.shape)[0] <= cost and candidate.verdict.fit in ("fits", fit)

    return longest(_context(start), max(most, _context(start)), holds) or _context(start)


def _all_on_gpu(attempt: Attempt) -> Candidate:
    if not attempt.search.budget.devices:
        raise InvalidRequest(
            "There is no GPU to put it all on.", "Name a card with --gpu, such as --gpu 24GiB."
        )
    context = attempt.base.context_length or min(USUAL_CONTEXT, attempt.trained)
    wholes = [_whole(attempt, context, saving) for saving in attempt.savings()]
    for wanted in ("fits", "tight"):
        for candidate in wholes:
            if candidate.verdict.fit == wanted:
                return candidate
    return wholes[0] if attempt.base.context_length else _all_but_context(attempt, context, wholes)


def _whole(attempt: Attempt, context: int, saving: dict[str, object]) -> Candidate:
    settings = replace(attempt.base, context_length=context, **saving)  # type: ignore[arg-type]
    return attempt.noted(attempt.search.whole(settings))


def _all_but_context(attempt: Attempt, context: int, wholes: list[Candidate]) -> Candidate:
    def holds_for(candidate: Candidate) -> Callable[[int], bool]:
        return lambda tokens: (
            attempt.search.whole(replace(candidate.settings, context_length=tokens)).verdict.possible
        )

    reached = [(longest(_SHORTEST, context, holds_for(candidate)) or 0, candidate) for candidate in wholes]
    found, candidate = max(reached, key=lambda pair: pair[0])
    if not found:
        return wholes[0]
    attempt.remarks.append(f"The context is {found:,} tokens: {context:,}, which is usual, do not fit.")
    return attempt.noted(attempt.search.whole(replace(candidate.settings, context_length=found)))


def _quality(attempt: Attempt) -> Candidate:
    if asked := attempt.base.context_length:
        return attempt.at(asked)
    candidate = attempt.at(min(_AMPLE_CONTEXT, attempt.trained))
    return candidate if candidate.verdict.possible else _shorter(attempt, candidate)


def _context(candidate: Candidate) -> int:
    return candidate.settings.context_length or 0


_AIMS: dict[Aim, Callable[[Attempt], Candidate]] = {
    "balanced": _balanced,
    "fastest": _fastest,
    "longest-context": _longest_context,
    "all-on-gpu": _all_on_gpu,
    "quality": _quality,
}
