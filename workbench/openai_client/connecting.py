"""From an address to a Provider: servers are asked what they have, and those that are silent are told of."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from workbench.backend import ModelFacts
from workbench.errors import ModelNotFound, WorkbenchError
from workbench.openai_client.address import Address
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.endpoints import Endpoints
from workbench.openai_client.probing import Probed, probe
from workbench.openai_client.provider import OpenAIProvider

_UNKNOWN_CONTEXT = "The server does not tell how long its context is."


def connected(address: Address, parallel: int = 1) -> OpenAIProvider:
    """The model there; call it off the event loop. More than one `parallel` takes the place of what is told.

    Raises Unreachable, AccessDenied, ModelNotFound, or Unsupported for what is no such server.
    """
    endpoints = Endpoints([Endpoint(url, address.model) for url in address.urls])
    answers = asyncio.run(_probed(endpoints))
    there = [
        (one, told) for one, told in zip(endpoints.each, answers, strict=True) if isinstance(told, Probed)
    ]
    failures = [told for told in answers if isinstance(told, WorkbenchError)]
    if not there:
        raise failures[0]
    lasting = [
        one for one, told in zip(endpoints.each, answers, strict=True) if not isinstance(told, ModelNotFound)
    ]
    probed = [told for _, told in there]
    facts = _together([told.facts for told in probed], [str(error) for error in failures], address)
    if parallel > 1:
        facts = replace(facts, parallel=parallel)
    same = {told.tokenizer for told in probed}
    return OpenAIProvider(Endpoints(lasting), facts, same.pop() if len(same) == 1 else None)


def probed(endpoint: Endpoint) -> Probed:
    """What one server tells; call it off the event loop. Raises as `connected`."""
    [told] = asyncio.run(_probed(Endpoints([endpoint])))
    if isinstance(told, WorkbenchError):
        raise told
    return told


async def _probed(endpoints: Endpoints) -> list[Probed | WorkbenchError]:
    async def told(endpoint: Endpoint) -> Probed | WorkbenchError:
        try:
            return await probe(endpoint)
        except WorkbenchError as error:
            return error

    try:
        return await asyncio.gather(*map(told, endpoints.each))
    finally:
        await endpoints.close()


def _together(each: list[ModelFacts], failures: list[str], address: Address) -> ModelFacts:
    """What holds whichever server answers."""
    first = each[0]
    contexts = [facts.context_length for facts in each if facts.context_length]
    return replace(
        first,
        context_length=min(contexts, default=0),
        trained_context=min((facts.trained_context for facts in each if facts.trained_context), default=0),
        parallel=sum(facts.parallel for facts in each),
        capabilities=frozenset.intersection(*(facts.capabilities for facts in each)),
        placement=address.places,
        notices=(*failures, *(() if contexts else (_UNKNOWN_CONTEXT,))),
    )
