"""Begins an answer at one server in the manner that the server takes, which may need several attempts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from workbench.constraint import Constraint, ConstraintKind
from workbench.errors import InvalidRequest, Unsupported
from workbench.openai_client import forms
from workbench.openai_client.asking import Body
from workbench.openai_client.chunks import text_of
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.failures import Refused

Data = AsyncIterator[bytes]
_SAMPLE_TOKENS = 48


async def opened(stack: AsyncExitStack, endpoint: Endpoint, url: str, body: Body) -> Data:
    """The answer's data, until the stack is left; what the server does not take is left out.

    Raises Refused for what the answer cannot do without, and WorkbenchError.
    """
    while True:
        try:
            return await stack.enter_async_context(endpoint.stream(url, endpoint.manner.applied(body)))
        except Refused as refused:
            if not endpoint.manner.learn(refused, body):
                raise


async def opened_in_form(
    stack: AsyncExitStack, endpoint: Endpoint, url: str, body: Body, constraint: Constraint
) -> Data:
    """The same for an answer that must have a form. Raises also Unsupported for forms that it cannot hold."""
    known = endpoint.manner.ways
    usual = known.get(constraint.kind, forms.ways(constraint.kind)[0])
    if usual != forms.STANDARD:
        way = await _way(endpoint, url, body, constraint.kind)
        return await opened(stack, endpoint, url, body | forms.told(constraint, way))
    try:
        return await opened(stack, endpoint, url, body | forms.told(constraint, usual))
    except Refused as refused:
        try:
            way = await _way(endpoint, url, body, constraint.kind)
        except Unsupported:
            raise refused from None
    return await opened(stack, endpoint, url, body | forms.told(constraint, way))


async def _way(endpoint: Endpoint, url: str, body: Body, kind: ConstraintKind) -> str:
    """The first way in which the server is seen to keep to a form. Raises Unsupported where there is none."""
    known = endpoint.manner.ways
    if kind not in known:
        for way in forms.ways(kind):
            if await _keeps_to_it(endpoint, url, body, forms.sample(kind), way):
                known[kind] = way
                break
        else:
            raise Unsupported(
                f"The server at {endpoint.place.server} holds no answer to a form of the kind {kind}.",
                "Ask a server that does, or without the form.",
            )
    return known[kind]


async def _keeps_to_it(endpoint: Endpoint, url: str, body: Body, form: Constraint, way: str) -> bool:
    """Whether a short answer to the same prompt is in the form that is asked for in this way."""
    short: Body = {name: body[name] for name in ("model", "messages", "prompt", "stream") if name in body}
    short |= {"max_tokens": _SAMPLE_TOKENS, "temperature": 0} | forms.told(form, way)
    try:
        async with AsyncExitStack() as stack:
            data = await opened(stack, endpoint, url, short)
            return forms.WORD in await text_of(data)
    except (Refused, InvalidRequest):
        return False
