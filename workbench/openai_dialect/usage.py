"""Token counts on the wire, summed over the choices of a request."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct

from workbench.events import Usage


class PromptTokensDetails(Struct):
    """`cached_tokens` is the part of the prompt that was not computed again."""

    cached_tokens: int


class CompletionTokensDetails(Struct):
    """`reasoning_tokens` were thought before the answer, `accepted_prediction_tokens` drafted and kept."""

    reasoning_tokens: int
    accepted_prediction_tokens: int


class UsageCounts(Struct, kw_only=True):
    """What a request cost, in tokens."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int
    prompt_tokens_details: PromptTokensDetails
    completion_tokens_details: CompletionTokensDetails


def summed(usages: Sequence[Usage], choices_per_prompt: int) -> UsageCounts:
    """Each prompt counts once, however many choices continue it; so does its computation."""
    firsts = range(0, len(usages), choices_per_prompt)
    prompt = sum(usages[first].prompt_tokens for first in firsts)
    cached = sum(
        min(usage.cached_tokens for usage in usages[first : first + choices_per_prompt]) for first in firsts
    )
    completion = sum(usage.completion_tokens for usage in usages)
    return UsageCounts(
        prompt_tokens=prompt,
        completion_tokens=completion,
        total_tokens=prompt + completion,
        prompt_tokens_details=PromptTokensDetails(cached),
        completion_tokens_details=CompletionTokensDetails(
            reasoning_tokens=sum(usage.reasoning_tokens for usage in usages),
            accepted_prediction_tokens=sum(usage.accepted_tokens for usage in usages),
        ),
    )
