"""How much of a prompt one step may compute, from the measured speed.

A step's time is taken as that of the running answers alone plus a cost for each prompt token. Knows nothing
of what is in the prompts.
"""

from __future__ import annotations

GAP_SECONDS = 0.16
"""What a prompt may add to the time between two tokens of another answer: 250 ms less a margin. Where those
take longer by themselves, as long as they do, so that a prompt is not computed in crumbs."""

STEP_SECONDS = 1.0
"""How long a step may last when nobody waits for a next token, so that cancelling stays quick."""

SMALLEST_ALONE = 256
"""What such a step takes even on a slow machine: fewer rows would cost more each, and prompts that come
together get their first tokens together."""

ROWS_AT_ONCE = 4
"""llama.cpp's CPU kernels take so many rows together; what is left over costs a whole pass for each row."""

SMALLEST = 16


class Pace:
    """Learns from every step; recent ones count most."""

    def __init__(self, largest: int) -> None:
        self._largest = largest
        self._per_prompt_token: float | None = None
        self._answers_alone: dict[int, float] = {}

    def prompt_tokens(self, answers: int, waited_for: bool = True) -> int:
        """How many prompt tokens to compute beside so many rows of answers.

        `waited_for` tells that someone would notice if the next token of an answer came late.
        """
        beside = answers > 0 and waited_for
        if self._per_prompt_token is None:
            return min(SMALLEST if beside else SMALLEST_ALONE, self._largest)
        seconds = max(GAP_SECONDS, self._at_least(answers)) if beside else STEP_SECONDS
        smallest = 1 if beside else min(SMALLEST_ALONE, self._largest)
        count = max(smallest, min(self._largest, int(seconds / self._per_prompt_token)))
        together = 1 if answers else 0  # one pass takes as much of each sequence, and a second one the rest
        return max(1, count - (count - together) % ROWS_AT_ONCE)

    def alone(self, answers: int) -> float | None:
        """Seconds of a step with so many rows of answers and no prompt, None before the first one."""
        return self._answers_alone.get(answers)

    def prompt_seconds(self, count: int) -> float:
        """What so many prompt tokens take, 0 before the first ones."""
        return count * (self._per_prompt_token or 0.0)

    def learn(self, answers: int, prompt_tokens: int, seconds: float) -> None:
        """Take in one step's time."""
        if not prompt_tokens:
            known = self._answers_alone.get(answers, seconds)
            self._answers_alone[answers] = 0.7 * known + 0.3 * seconds
            return
        if prompt_tokens < SMALLEST and not answers and self._per_prompt_token is not None:
            return  # the rest of a prompt alone says more about a step's fixed cost
        alone = self._at_least(max(answers, 1))
        cost: float = max(seconds - alone, 0.2 * seconds) / prompt_tokens
        before = self._per_prompt_token
        surprising = before is None or cost > 1.3 * before
        self._per_prompt_token = cost if surprising else 0.5 * (before or cost) + 0.5 * cost

    def _at_least(self, answers: int) -> float:
        """Seconds of a step of so many rows without a prompt, as far as steps of no more rows tell."""
        return max((time for count, time in self._answers_alone.items() if count <= answers), default=0.0)


def share_out(remaining: list[int], budget: int) -> list[int]:
    """Divide a budget of tokens over prompts, oldest first, by how many tokens each still needs.

    The oldest gets at least half, so that it ends; the rest goes to those that need least, so that a short
    prompt does not wait behind a long one.
    """
    shares = [0] * len(remaining)
    if remaining:
        shares[0] = min(remaining[0], (budget + 1) // 2)
        budget -= shares[0]
    for index in sorted(range(len(remaining)), key=lambda index: (remaining[index] - shares[index], index)):
        more = min(remaining[index] - shares[index], budget)
        shares[index] += more
        budget -= more
    return shares
