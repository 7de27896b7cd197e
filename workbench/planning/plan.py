"""The best settings for an aim, found with the formula and verified by the engine.

The engine is asked a few times only: once to begin with, then about each proposal, until it agrees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workbench.engine_settings import EngineSettings
from workbench.errors import InvalidRequest
from workbench.memory import MemoryEstimate
from workbench.planning.aim import CHOSEN, Aim
from workbench.planning.aims import proposed
from workbench.planning.attempt import Proposal
from workbench.planning.budget import Verdict
from workbench.planning.cache import is_quantized
from workbench.planning.estimates import Estimates
from workbench.planning.levers import Lever, levers
from workbench.planning.search import Candidate, Search

_MOST_PROPOSALS = 4
_CACHES = frozenset({"kv_type_k", "kv_type_v"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Settings that serve an aim, and all that is needed to check how they were found.

    Attributes:
        tried: What was weighed, in order, by the formula as it was known at the end.
        levers: What each setting buys from here.
        remarks: What was done otherwise than usual, in sentences.
        dry_runs: How often the engine was asked.
    """

    aim: Aim
    settings: EngineSettings
    estimate: MemoryEstimate
    verdict: Verdict
    tried: tuple[Candidate, ...]
    levers: tuple[Lever, ...]
    remarks: tuple[str, ...]
    dry_runs: int


def plan(
    estimates: Estimates, base: EngineSettings, aim: Aim = "balanced", free: frozenset[str] = CHOSEN
) -> Plan:
    """The plan for the aim; its verdict says whether it fits. Only what is `free` differs from `base`.

    Raises InvalidRequest for an aim that cannot be had here, and as Estimator.estimate.
    """
    verified, remarks = _verified(estimates, base, aim, free)
    proposal = verified[-1]
    best = next((one for one in reversed(verified) if one.candidate.verdict.possible), proposal).candidate
    return Plan(
        aim=aim,
        settings=best.settings,
        estimate=best.estimate,
        verdict=best.verdict,
        tried=_each_once(proposal.tried),
        levers=levers(estimates.quick, best.settings, estimates.shape),
        remarks=(*proposal.remarks, *remarks),
        dry_runs=estimates.dry_runs,
    )


def _verified(
    estimates: Estimates, base: EngineSettings, aim: Aim, free: frozenset[str]
) -> tuple[list[Proposal], list[str]]:
    """Proposals with the engine's own judgement, the last one the best that is known."""
    estimates.ask(base)
    verified: list[Proposal] = []
    remarks: list[str] = []
    for _ in range(_MOST_PROPOSALS):
        search = Search(estimates.quick, estimates.places.budget, estimates.shape, free)
        proposal = proposed(search, base, aim)
        settings = proposal.candidate.settings
        if any(settings == one.candidate.settings for one in verified):
            break
        try:
            estimates.ask(settings)
        except InvalidRequest as error:
            if not (is_quantized(settings.kv_type_v) and free >= _CACHES):
                raise
            free -= _CACHES
            remarks.append(f"{error.message} The cache is therefore left as it was.")
            continue
        verified.append(Proposal(search.judged(settings), proposal.tried, proposal.remarks))
    return verified, remarks


def _each_once(tried: Sequence[Candidate]) -> tuple[Candidate, ...]:
    return tuple({candidate.settings: candidate for candidate in tried}.values())
