"""Requests that the server makes for the owner of a batch, when nobody's key is at hand.

They may do what the key may that the batch was given with, as long as it is valid, and count against its
rate. Each waits until half of a minute's requests are left, so that the owner's other requests are answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from workbench.openai_dialect.error_body import refusal
from workbench.openai_dialect.wire import encode
from workbench.server.access.caller import Caller, act_for
from workbench.server.access.keys import Key
from workbench.server.access.rate import RateLimiter
from workbench.server.access.rules import AccessRules

Answer = Callable[[str, bytes], Awaitable[tuple[int, bytes]]]
_SPARED = 0.5
_GONE = "The key that this batch was given with is revoked or has expired. Give it again with another."


class OnBehalf:
    """`answer` is what answers once it is known for whom."""

    def __init__(self, answer: Answer, rules: AccessRules, rates: RateLimiter) -> None:
        self._answer, self._rules, self._rates = answer, rules, rates

    def of(self, owner: str) -> Answer:
        """What answers for that owner; for nobody in particular it may do everything."""

        async def answer(path: str, body: bytes) -> tuple[int, bytes]:
            if self._rules.keys is None or not self._rules.keys.is_wanted or not owner:
                act_for(Caller(owner=owner))
                return await self._answer(path, body)
            key = await self._admitted(owner)
            if key is None:
                return 401, encode(refusal(_GONE, 401, code="invalid_api_key"))
            act_for(key.holder())
            return await self._answer(path, body)

        return answer

    async def _admitted(self, owner: str) -> Key | None:
        """The owner's key, once its rate allows; None where it is not valid any more."""
        while (key := self._find(owner)) is not None and key.per_minute is not None:
            allowance = self._rates.ask(key.name, key.per_minute, _SPARED)
            if allowance.granted:
                break
            await asyncio.sleep(allowance.wait)
        return key

    def _find(self, owner: str) -> Key | None:
        return self._rules.keys.of(owner) if self._rules.keys is not None else None
