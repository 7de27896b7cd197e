"""What a request asks for where it is longer than the context: done before its answer, and told with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from workbench.backend import Provider
from workbench.generation import Generation
from workbench.openai_dialect.context_report import ContextPolicy, ContextReport
from workbench.server.answers.choices import Answerer
from workbench.server.answers.shifting import Shifting
from workbench.server.answers.truncation import LeftOut, truncated


@dataclass(frozen=True, slots=True)
class ContextCare:
    """One request's policy, and what it has led to."""

    policy: ContextPolicy
    left_out: LeftOut = field(default_factory=LeftOut)

    async def fitted(self, provider: Provider, generations: Sequence[Generation]) -> list[Generation]:
        """The generations with prompts that fit; a shared one is cut once. Raises ContextExceeded."""
        done: dict[int, Generation] = {}
        for generation in generations:
            if id(generation.prompt) not in done:
                cut = await truncated(provider, generation, self.left_out)
                done[id(generation.prompt)] = cut
        return [replace(generation, prompt=done[id(generation.prompt)].prompt) for generation in generations]

    def answerer(self, provider: Provider) -> Answerer:
        return Shifting(provider, self.left_out) if self.policy == "shift" else provider

    def report(self) -> ContextReport:
        return ContextReport(
            policy=self.policy,
            dropped_messages=self.left_out.messages,
            dropped_tokens=self.left_out.tokens,
        )

    @property
    def headers(self) -> dict[str, str]:
        """What is known when they are sent; of a stream, what was left out before it began."""
        return {
            "x-context-policy": self.policy,
            "x-context-dropped-messages": str(self.left_out.messages),
            "x-context-dropped-tokens": str(self.left_out.tokens),
        }
