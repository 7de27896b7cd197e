"""What a person is told where a model does not fit: how much is missing, and what would help."""

from __future__ import annotations

from typing import TYPE_CHECKING

from workbench import wording
from workbench.errors import DoesNotFit
from workbench.planning.budget import LIMIT, Verdict

if TYPE_CHECKING:
    from workbench.planning.changes import Change

_FITS = {"fits": "It fits.", "tight": "It fits, but only just."}
_WHERE = {"CPU": "of main memory", LIMIT: "within the limit"}


def does_not_fit(name: str, verdict: Verdict, changes: tuple[Change, ...]) -> DoesNotFit:
    """The error that says where it is short, by how much, and what would help."""
    return DoesNotFit(f"{name} does not fit: {shortage(verdict)} missing.", advice(changes))


def shortage(verdict: Verdict) -> str:
    """Such as: 1.2 GiB of main memory and 300 MiB on CUDA0 are."""
    places = [
        f"{wording.size(missing)} {_WHERE.get(place) or f'on {place}'}" for place, missing in verdict.short
    ]
    return f"{' and '.join(places)} {'is' if len(places) == 1 else 'are'}"


def sentence(verdict: Verdict, *, helped: bool) -> str:
    """Whether it fits, to be followed by the changes that would make it fit where there are any."""
    if verdict.paged_bytes and verdict.possible:
        paged = wording.size(verdict.paged_bytes)
        return f"It runs, but slowly: {paged} of the weights will be read from the disk again and again."
    if verdict.possible:
        return _FITS[verdict.fit]
    then = "It fits with:" if helped else "Take a smaller quantization, or a smaller model."
    return f"It does not fit: {shortage(verdict)} missing. {then}"


def advice(changes: tuple[Change, ...]) -> str:
    """The changes as one sentence."""
    if not changes:
        return "Take a smaller quantization, or a smaller model."
    ways = [f"{change.flags}{' (tight)' if change.verdict.fit == 'tight' else ''}" for change in changes]
    return f"It fits with {', or with '.join(ways)}."
