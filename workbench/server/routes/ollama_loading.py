"""How long a model stays, and how much of its context a request may use, where Ollama's clients say so."""

from __future__ import annotations

from dataclasses import replace
from math import inf

from workbench.backend import Provider
from workbench.errors import ContextExceeded
from workbench.generation import Generation
from workbench.ollama_dialect.keep_alive import KeepAlive, seconds_kept
from workbench.server.access.caller import require_admin
from workbench.server.pool.model_pool import ModelPool


async def kept_provider(models: ModelPool, name: str, keep_alive: KeepAlive | None) -> Provider:
    """The model, which stays so long after its next use as the request says.

    Raises as ModelPool.provider, and AccessDenied where the caller may not change what is loaded.
    """
    if keep_alive is not None:
        require_admin()
    seconds = None if keep_alive is None else seconds_kept(keep_alive)
    provider = await models.provider(name)
    if seconds is not None:
        models.model(name).ttl = None if seconds == inf else seconds
    return provider


async def limited(provider: Provider, generation: Generation, most: int | None) -> Generation:
    """The generation, which ends when prompt and answer have so many tokens. Raises ContextExceeded."""
    if most is None or provider.facts.context_length == 0 or most >= provider.facts.context_length:
        return generation
    used = await provider.prompt_length(generation)
    if used >= most:
        raise ContextExceeded(
            f"The prompt has {used} tokens, and num_ctx is {most}.", "Shorten it, or send a larger num_ctx."
        )
    room = most - used
    return replace(generation, max_tokens=min(generation.max_tokens or room, room))
