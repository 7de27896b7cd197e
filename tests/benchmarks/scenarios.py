"""What is measured: short requests at once, long ones with a common prefix, a long prompt beside a stream.

Prompts are fresh random letters each time, so nothing a server remembers helps it unless that is the point.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from math import ceil
from random import choices
from statistics import median
from string import ascii_lowercase

from load import Answer, complete
from servers import Server

PROMPT_TOKENS, OUTPUT_TOKENS = 16, 64
PREFIX_TOKENS, OWN_TOKENS = 1000, 32
LONG_PROMPT_TOKENS, STREAM_TOKENS, TOKENS_ALONE = 2048, 480, 96

Measurements = dict[str, float]
"""Figures of one round by name; times in seconds."""


def letters(count: int) -> str:
    """As many tokens as letters, for a vocabulary that splits them."""
    return "".join(choices(ascii_lowercase, k=count))


async def wave(server: Server, prompts: Sequence[str], max_tokens: int) -> list[Answer]:
    """All prompts at once."""
    asked = (complete(server.port, prompt, max_tokens, server.request) for prompt in prompts)
    return await asyncio.gather(*asked)


async def short_requests(server: Server, concurrent: int) -> Measurements:
    """Total speed, and how long the first and each further token took."""
    answers = await wave(server, [letters(PROMPT_TOKENS) for _ in range(concurrent)], OUTPUT_TOKENS)
    first = [answer.time_to_first_token for answer in answers]
    gaps = [gap for answer in answers for gap in answer.gaps()]
    return {
        "tokens_per_second": concurrent * OUTPUT_TOKENS / _duration(answers),
        "time_to_first_token_p50": percentile(first, 50),
        "time_to_first_token_p95": percentile(first, 95),
        "gap_p50": percentile(gaps, 50),
        "gap_p95": percentile(gaps, 95),
    }


async def shared_prefix(server: Server, concurrent: int) -> Measurements:
    """Seconds until all are done, when each prompt has a prefix of its own and when all have the same."""
    prefixes = [letters(PREFIX_TOKENS) for _ in range(concurrent)]
    distinct = await wave(server, [prefix + letters(OWN_TOKENS) for prefix in prefixes], 1)
    prefix = letters(PREFIX_TOKENS)
    shared = await wave(server, [prefix + letters(OWN_TOKENS) for _ in range(concurrent)], 1)
    seconds, shared_seconds = _duration(distinct), _duration(shared)
    return {"distinct": seconds, "shared": shared_seconds, "speedup": seconds / shared_seconds}


async def long_prompt(server: Server) -> Measurements:
    """The gaps between one stream's tokens before a long prompt arrives, and until it has its first token."""
    underway = asyncio.Semaphore(0)
    running = asyncio.create_task(
        complete(server.port, letters(PROMPT_TOKENS), STREAM_TOKENS, server.request, underway.release)
    )
    for _ in range(TOKENS_ALONE):
        await underway.acquire()
    newcomer = await complete(server.port, letters(LONG_PROMPT_TOKENS), 1, server.request)
    stream = await running
    before = stream.gaps(until=newcomer.sent)
    disturbed = stream.gaps(newcomer.sent, newcomer.ended)
    return {
        "gap_alone_p50": median(before),
        "gap_alone_largest": max(before),
        "gap_disturbed_p50": median(disturbed),
        "gap_disturbed_largest": max(disturbed),
        "added": max(disturbed) - max(before),
        "time_to_first_token": newcomer.time_to_first_token,
    }


def percentile(values: Sequence[float], percent: int) -> float:
    """The smallest value that at least so many percent of them do not exceed."""
    return sorted(values)[ceil(len(values) * percent / 100) - 1]


def _duration(answers: Sequence[Answer]) -> float:
    return max(answer.ended for answer in answers) - min(answer.sent for answer in answers)
