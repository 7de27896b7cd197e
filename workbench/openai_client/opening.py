"""Begins an answer at one server in the manner that the server takes, which may need several attempts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

from workbench.constraint import Constraint, ConstraintKind
from workbench.errors import InvalidRequest, Unsupported
from workbench.openai_client import forms
from workbench.openai_client.asking import Body
from workbench.openai_client.endpoint import Endpoint
from workbench.openai_client.failures import Refused

Data = AsyncIterator[bytes]


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
    """The first way in which the server takes a form and refuses a broken one; raises Unsupported."""
    known = endpoint.manner.ways
    if kind not in known:
        good, broken = forms.samples(kind)
        for way in forms.ways(kind):
            if await _takes(endpoint, url, body, good, way) and not await _takes(
                endpoint, url, body, broken, way
            ):
                known[kind] = way
                break
        else:
            raise Unsupported(
                f"The server at {endpoint.place.server} holds no answer to a form of the kind {kind}.",
                "Ask a server that does, or without the form.",
            )
    return known[kind]


async def _takes(endpoint: Endpoint, url: str, body: Body, form: Constraint, way: str) -> bool:
    """Whether the server begins an answer in this form; one token of it is enough."""
    try:
        async with AsyncExitStack() as stack:
            await opened(stack, endpoint, url, body | {"max_tokens": 1} | forms.told(form, way))
    except (Refused, InvalidRequest):
        return False
    return True
