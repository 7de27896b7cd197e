"""What a tiny model says greedily, through an engine process, and where its layers were."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from tests.contract.answers import GREEDY, events_of
from workbench.engine_settings import EngineSettings
from workbench.events import TextDelta
from workbench.generation import Generation
from workbench.runtime import open_model

LENGTH = 32
_PROMPT = "Twelve boats left the harbour at dawn, and eleven came back before the storm. "


@dataclass(frozen=True, slots=True)
class Said:
    """Tokens by their bytes, which differ in the tiny models, and how likely each was."""

    placement: str
    tokens: tuple[bytes, ...]
    logprobs: tuple[float, ...]


async def ask(model: Path, settings: EngineSettings) -> Said:
    """Load, generate, unload."""
    provider = await open_model(str(model), replace(settings, context_length=512))
    try:
        generation = Generation(
            prompt=_PROMPT, sampling=GREEDY, max_tokens=LENGTH, logprobs=1, ignore_end=True
        )
        events = await events_of(provider, generation)
    finally:
        await provider.close()
    drawn = [token.chosen for event in events if isinstance(event, TextDelta) for token in event.logprobs]
    return Said(
        provider.facts.placement,
        tuple(token.token for token in drawn),
        tuple(token.logprob for token in drawn),
    )
